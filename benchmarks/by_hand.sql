-- The tables of a review week, written for the made client of synthetic.py: one full drop, an exact vendor log.
-- The cut-off is the end of 2026-W46 in Chicago; the goal period is the fourth quarter.
create macro cut() as timestamptz '2026-11-16 06:00:00+00';
create macro local_day(instant) as (instant at time zone 'America/Chicago')::date;
create macro midnight(day) as (day::timestamp at time zone 'America/Chicago');

create table received as select * exclude (rn) from (
  select *, row_number() over (partition by opportunity_id order by modified_at desc) as rn
  from read_parquet('$batches/*/opportunities.parquet', union_by_name = true)) where rn = 1;

create table logged as
  select distinct on (opportunity_id, field, "at", "new") opportunity_id, field, old, "new", "at", at_earliest, evidence
  from read_parquet('$batches/*/changes.parquet', union_by_name = true);

-- the value each field had at the start: the old one of the first change, else what the drop shows
create table begun as
  with first as (
    select opportunity_id, field, min_by(old, "at") as old from logged group by all),
  shown as (
    select opportunity_id, created_at, unnest([
      {field: 'stage', v: stage_id}, {field: 'status', v: 'open'}, {field: 'amount', v: printf('%.2f', amount)},
      {field: 'rep', v: rep_id}, {field: 'expected_close', v: strftime(expected_close, '%Y-%m-%d')},
      {field: 'presence', v: 'present'}], recursive := true) from received)
  select s.opportunity_id, s.field, null::varchar as old,
    case when f.field is null then s.v when s.field = 'amount' then printf('%.2f', f.old::double) else f.old end as "new",
    s.created_at as "at", s.created_at as at_earliest, 'inferred_create' as evidence
  from shown s left join first f using (opportunity_id, field);

create table changes as
  select * from begun where "at" < cut()
  union all
  select opportunity_id, field, case when field = 'amount' then printf('%.2f', old::double) else old end,
    case when field = 'amount' then printf('%.2f', "new"::double) else "new" end, "at", at_earliest, evidence
  from logged where "at" < cut() order by opportunity_id, "at";

create table stood as
  select opportunity_id,
    max_by("new", "at") filter (field = 'rep') as rep_id, max_by("new", "at") filter (field = 'stage') as stage_id,
    max("at") filter (field = 'stage') as stage_entered_at,
    max_by("new", "at") filter (field = 'status') as status,
    max("at") filter (field = 'status') as status_at,
    max_by("new", "at") filter (field = 'amount')::double as amount,
    max_by("new", "at") filter (field = 'expected_close')::timestamp as expected_close,
    count(*) filter (field = 'expected_close' and "new" > old) as pushed_count
  from changes group by opportunity_id;

create table opportunities as
  select s.opportunity_id, r.name, r.account_id, s.rep_id, r.pipeline_id, s.stage_id, s.status, s.amount, r.currency,
    r.created_at, s.expected_close, r.product_line, r.territory, r.business, r.lead_source, r.lost_reason,
    case when s.status <> 'open' then s.status_at end as outcome_at, s.stage_entered_at, s.pushed_count
  from stood s join received r using (opportunity_id) order by s.opportunity_id;

create table outcomes as
  select opportunity_id, name, rep_id, 1.0 as share_rate, status as outcome, outcome_at, created_at, amount, stage_id,
    account_id, product_line, territory, business, lead_source, lost_reason
  from opportunities where status <> 'open' order by outcome_at, opportunity_id;

create table activities as
  select distinct on (activity_id) * replace (case when "at" < cut() then duration_seconds end as duration_seconds)
  from read_parquet('$batches/*/activities.parquet', union_by_name = true)
  order by "at", activity_id;

create table win_rate as
  select rep_id, count(*) filter (outcome = 'won') as won_count, count(*) as decided_count
  from outcomes where outcome in ('won', 'lost') and outcome_at >= midnight(date '2026-05-18') and outcome_at < cut()
  group by rep_id order by rep_id;

create table bookings as
  select rep_id, round(sum(amount), 2) as bookings from outcomes
  where outcome = 'won' and outcome_at >= midnight(date '2026-10-01') and outcome_at < cut()
  group by rep_id order by rep_id;

-- one activity logged twice: of one rep and kind within two minutes, one opportunity (every row names one here),
-- one direction, about as long
create table told_apart as
  with marked as (
    select *, coalesce(lag("at") over w >= "at" - interval 120 second and lag(opportunity_id) over w = opportunity_id
      and lag(direction) over w = direction
      and coalesce(abs(lag(duration_seconds) over w - duration_seconds) <= 120, true), false) as again
    from activities where "at" >= midnight(date '2026-05-17')
    window w as (partition by rep_id, kind order by "at", activity_id))
  select * replace (case when lead(again) over w then least(logged_at, lead(logged_at) over w) else logged_at end
    as logged_at) from marked window w as (partition by rep_id, kind order by "at", activity_id);

create table weekly as
  with weeks as (select unnest(generate_series(timestamp '2026-05-18', timestamp '2026-11-09', interval 7 day)) as starts_on),
  made as (
    select 'new_opportunities' as measure, created_at as "at", 1.0 as v from opportunities
    union all select 'decided', outcome_at, 1.0 from outcomes
    union all select 'won', outcome_at, 1.0 from outcomes where outcome = 'won'
    union all select 'bookings', outcome_at, amount from outcomes where outcome = 'won'
    union all select 'meetings_held', "at", 1.0 from told_apart
      where not again and status = 'done' and kind = 'meeting' and outcome = 'held'
    union all select 'conversations', "at", 1.0 from told_apart
      where not again and status = 'done' and (
        (kind = 'meeting' and outcome = 'held')
        or (kind = 'email' and (direction = 'inbound' or outcome = 'replied'))
        or (kind = 'call' and duration_seconds >= 60 and outcome not in ('no_answer', 'voicemail', 'busy', 'wrong_number'))
        or (kind = 'call' and duration_seconds >= 60 and outcome = 'connected')))
  select measure, date_trunc('week', local_day("at"))::timestamp as starts_on, round(sum(v), 2) as value
  from made where "at" >= midnight(date '2026-05-18') and "at" < cut() group by all
  union all
  select 'logged_within_24h_rate', date_trunc('week', local_day("at"))::timestamp,
    avg((logged_at - "at" <= interval 24 hour)::int)
  from told_apart where not again and status = 'done' and kind in ('call', 'email', 'meeting')
    and "at" >= midnight(date '2026-05-18') and "at" < cut() group by all;

-- goal periods before, at the same point: open then and expected within, booked after it
create table points as
  select q as period_start, least(q + interval 46 day, q + interval 3 month) as then_day, q + interval 3 month as over_day
  from (select unnest(generate_series(timestamp '2023-10-01', timestamp '2026-07-01', interval 3 month)) as q)
  where midnight(q) >= (select min(outcome_at) from outcomes) order by q desc limit 8;

create table past as
  with open_then as (
    select p.period_start, c.opportunity_id,
      max_by(c."new", c."at") filter (field = 'status') as status,
      max_by(c."new", c."at") filter (field = 'amount')::double as amount,
      max_by(c."new", c."at") filter (field = 'expected_close')::timestamp as expected_close,
      any_value(p.over_day) as over_day
    from points p join changes c on c."at" < midnight(p.then_day)
    where field in ('status', 'amount', 'expected_close') group by all)
  select p.period_start,
    (select sum(amount) from open_then o where o.period_start = p.period_start and status = 'open'
      and expected_close < over_day) as open_amount,
    (select sum(amount) from outcomes o where outcome = 'won' and outcome_at >= midnight(p.then_day)
      and outcome_at < midnight(p.over_day)) as booked_after_amount
  from points p;
