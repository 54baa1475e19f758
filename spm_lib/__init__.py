"""Sales performance workbook: what is known, how well, and when it is too few to say."""
