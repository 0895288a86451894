-- qualify within the hotel
-- proven
select id, guest from stays where hotel_id = ? qualify row_number() over (partition by room_id order by from_ desc) = 1

-- flatten of the row's own
-- proven
select r.id, f.value:name::string from rooms r, lateral flatten(input => r.info:beds) f where r.hotel_id = :1

-- a variant's path
-- violation
select id from rooms where info:hotel_id::number = ?

-- match recognize within the tenant
-- proven
select * from (select * from stays where hotel_id = ?) match_recognize (partition by room_id order by from_ measures count(*) as n pattern (a+) define a as price > 100)

-- a session variable
-- proven
select guest from stays where hotel_id = $hotel

-- multi table insert
-- proven
insert all into rooms (id, hotel_id) values (1, h) into guests (id, hotel_id) values (1, h) select ? as h

-- unload of the tenant
-- proven
copy into @stage/out from (select * from stays where hotel_id = 7 and hotel_id = ?)

-- unload of all
-- violation
copy into @stage/out from stays

-- load
-- violation TENSQL014
copy into guests from @stage/in file_format = (type = csv)

-- the secure view by hotel
-- proven
select price from prices where hotel_id = ?

-- the secure view over all
-- violation
select max(price) from prices

-- an asof join by the hotel
-- proven
select s.id, g.mail from stays s asof join guests g match_condition (s.id >= g.id) on s.hotel_id = g.hotel_id where s.hotel_id = ?

-- equal null
-- proven
select id from stays where equal_null(hotel_id, ?)

-- zeroifnull of the tenant
-- violation
select id from stays where zeroifnull(hotel_id) = zeroifnull(?) or true

-- ilike any
-- violation
select id from stays where hotel_id::varchar ilike any (?, '%')

-- a delete with using
-- proven
delete from stays using rooms where stays.room_id = rooms.id and rooms.hotel_id = stays.hotel_id and stays.hotel_id = ?

-- a merge with two matched branches
-- proven
merge into guests g using (select ? as h, ? as mail) s on g.hotel_id = s.h and g.mail = s.mail when matched and s.mail is null then delete when matched then update set mail = s.mail when not matched then insert (hotel_id, mail) values (s.h, s.mail)

-- the room by its simple key
-- weak TENSQL011
select s.guest, r.number_ from stays s join rooms r on r.id = s.room_id where s.hotel_id = ?

-- a clone
-- violation
create table stays_copy clone stays

-- at a time
-- proven
select guest from stays at (offset => -60) where hotel_id = ?
