-- the shipper's
-- proven
SELECT id, state FROM parcels WHERE shipper_company_id = $1

-- the carrier's
-- weak TENSQL022
SELECT id, state FROM parcels WHERE carrier_company_id = $1

-- either side
-- weak
SELECT id, state FROM parcels WHERE shipper_company_id = $1 OR carrier_company_id = $1

-- nobody's
-- violation TENSQL001
SELECT id, state FROM parcels WHERE state = 'new' AND carrier_company_id IS NULL

-- the own offers on others' parcels
-- violation
SELECT o.price, p.weight FROM offers o JOIN parcels p ON p.id = o.parcel_id WHERE p.state = 'new'

-- the own offers
-- proven
SELECT o.price FROM offers o WHERE o.company_id = $1

-- offers on the own parcels
-- weak
SELECT o.price FROM offers o JOIN parcels p ON p.id = o.parcel_id WHERE p.shipper_company_id = $1

-- scans of the own parcels
-- proven
SELECT s.at, s.place FROM scans s JOIN parcels p ON p.id = s.parcel_id WHERE p.shipper_company_id = $1 AND p.id = $2

-- scans by parcel
-- violation
SELECT at, place FROM scans WHERE parcel_id = $1

-- login by email
-- violation TENSQL001
SELECT id, company_id FROM users WHERE email = $1

-- the colleagues of the user
-- proven
SELECT u.email FROM users u WHERE u.company_id = $1 AND u.id <> $2

-- the parcel handed to a carrier
-- proven
UPDATE parcels SET carrier_company_id = $3, state = 'assigned' WHERE id = $2 AND shipper_company_id = $1

-- the parcel handed over without the shipper
-- violation
UPDATE parcels SET carrier_company_id = $2 WHERE id = $1
