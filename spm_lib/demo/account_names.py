"""What the accounts of the fictional businesses are called: one word of each list."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Words separated by commas."""
    return tuple(text.replace("\n", " ").strip().split(", "))


ALDER = (
    words("""Maple, Cedar, Willow, Harbor, Summit, Prairie, Lakeside, Oakwood, Riverside, Hillcrest, Fairview,
Birch, Elmwood, Stonegate, Meadow, Sunset, Parkway, Juniper, Foxglove, Windmill"""),
    words("""Residence, Bakery, Dental Office, Apartments, Church, Diner, Fitness, Auto Shop, Preschool,
Bookshop, Pharmacy, Townhomes, Cafe, Salon, Vet Clinic, Hardware, Law Office, Brewery, Florist,
Guest House, Music School, Warehouse, Laundry, Gallery, Print Shop, Market, Dance Studio, Library,
Motel, Optician, Toy Shop, Butcher, Tailor, Garage, Nursery, Theater, Workshop, Marina, Clinic,
Storage, Deli, Bike Shop, Pottery, Archive, Museum, Kennel, Creamery, Stables, Boathouse, Foundry"""),
)

BRIGHTWATER = (
    words("""Bayview, Clearbrook, Northgate, Pinehurst, Rosewood, Silverlake, Westfield, Ashgrove, Brookside,
Chestnut, Eastport, Fernhill, Glenmore, Hawthorn, Ironbridge, Kingsley, Larkspur, Millbrook,
Newhaven, Orchard"""),
    words("""Dental, Family Dental, Orthodontics, Smiles, Dental Care, Oral Surgery, Dental Arts, Pediatric
Dental, Endodontics, Dental Group, Periodontics, Dental Studio, Dental Center, Gentle Dental, Dental
Partners, Implant Center, Dental House, Smile Design, Dental Associates, Community Dental, Dental
Clinic, Tooth & Gum, Dental Practice, Dental Lab, Modern Dental, Village Dental, Dental Works,
Bright Smiles, Dental Health, Dental Suite, Prosthodontics, Dental Corner, Downtown Dental, Dental
Loft, Dental Plaza, Harbor Smiles, Dental Barn, Dental Place, Dental Garden, Dental Point, Dental
Row, Dental Square, Dental Terrace, Dental View, Dental Walk, Dental Yard, Dental Mill, Dental
Bridge, Dental Gate, Dental Court"""),
)

COPPERLINE = (
    words("""Ashdown, Bramley, Carrick, Dunmore, Elmfield, Farrow, Greyfriars, Holloway, Inverlea, Kestrel,
Lindale, Marlow, Netherby, Oakham, Penrose, Quayside, Redcliffe, Saltmarsh, Thornbury, Wexcombe"""),
    words("""Bakery, Brewing, Theatre, Estates, Gin, Books, Charity, Museum, Tea, Chocolates, Festival,
Architects, Cycles, Ceramics, Housing, Cider, School, Coffee, Records, Farm Shop, Opticians,
Candles, Hotels, Marathon, Toys, Kitchens, Solicitors, Gallery, Travel, Dairy, Perfumes, Publishing,
Outdoor, Robotics, Orchestra, Events, Skincare, Clinic, Furniture, Textiles, Cheese, Surveyors,
Vineyard, Pet Foods, Lettings, Ferries, Instruments, Garden Centre, Jewellers, Soap"""),
)
