-- heavy ones
-- proven
SELECT SHIPMENT_ID FROM HEAVY WHERE CARRIER_ID = ?

-- heavy ones of all
-- violation
SELECT SHIPMENT_ID FROM HEAVY QUALIFY ROW_NUMBER() OVER (ORDER BY WEIGHT DESC) <= 10

-- the newest of each port
-- proven
SELECT port, leg_id FROM legs WHERE carrier_id = :1 QUALIFY ROW_NUMBER() OVER (PARTITION BY port ORDER BY leg_id DESC) = 1

-- fields of a document
-- proven
SELECT s.payload:customer.name::string, f.value FROM shipments s, LATERAL FLATTEN(input => s.payload:items) f WHERE s.carrier_id = ?

-- fields of everybody's documents
-- violation
SELECT f.value:sku FROM shipments s, TABLE(FLATTEN(s.payload:items)) f WHERE s.shipment_id = ?

-- legs and shipments
-- violation
SELECT l.km, s.weight FROM legs l JOIN shipments s USING (shipment_id) WHERE l.km > ?

-- legs and shipments by both
-- proven
SELECT l.km, s.weight FROM legs l JOIN shipments s ON s.shipment_id = l.shipment_id AND s.carrier_id = l.carrier_id WHERE l.carrier_id = ?

-- legs and shipments by the number
-- weak TENSQL011
SELECT l.km, s.weight FROM legs l JOIN shipments s ON s.shipment_id = l.shipment_id WHERE l.carrier_id = ?

-- kilometres by country
-- proven
SELECT p.country, SUM(l.km) FROM ports p JOIN legs l ON l.port = p.code WHERE l.carrier_id = %s GROUP BY ALL

-- kilometres by carrier
-- violation
SELECT carrier_id, SUM(km) FROM legs GROUP BY 1 ORDER BY 2 DESC

-- merged from a list
-- proven
MERGE INTO legs t USING (SELECT column1 AS leg_id, column2 AS carrier_id, column3 AS km FROM VALUES (?, ?, ?)) s ON t.leg_id = s.leg_id AND t.carrier_id = s.carrier_id WHEN MATCHED THEN UPDATE SET t.km = s.km WHEN NOT MATCHED THEN INSERT (leg_id, carrier_id, km) VALUES (s.leg_id, s.carrier_id, s.km)

-- merged from a stage
-- violation
MERGE INTO legs t USING staged s ON t.leg_id = s.leg_id WHEN MATCHED THEN UPDATE SET t.km = s.km

-- copied to a file
-- violation TENSQL014
COPY INTO @exports/legs FROM legs

-- copied to a file for the carrier
-- proven
COPY INTO @exports/legs FROM (SELECT * FROM legs WHERE carrier_id = ?)

-- a clone of everything
-- violation
CREATE TABLE legs_copy CLONE legs

-- a table of the carrier's
-- proven
CREATE OR REPLACE TEMPORARY TABLE mine AS SELECT * FROM legs WHERE carrier_id = ?

-- as it was yesterday
-- proven
SELECT * FROM shipments AT (OFFSET => -86400) WHERE carrier_id = ?

-- what is gone
-- proven
DELETE FROM legs USING shipments s WHERE legs.shipment_id = s.shipment_id AND legs.carrier_id = s.carrier_id AND s.carrier_id = ? AND s.weight = 0

-- what is gone by the number
-- violation TENSQL003
DELETE FROM legs WHERE shipment_id = ?

-- carriers except those with shipments
-- violation
SELECT carrier_id FROM carriers EXCEPT SELECT carrier_id FROM shipments

-- the carrier with the switch
-- violation TENSQL005
SELECT * FROM legs WHERE IFF(? = 'all', TRUE, carrier_id = ?)

-- the carrier by equal null
-- violation
SELECT * FROM legs WHERE EQUAL_NULL(port, ?)

-- turned around
-- proven
SELECT * FROM (SELECT port, km FROM legs WHERE carrier_id = ?) PIVOT (SUM(km) FOR port IN ('DEHAM', 'NLRTM'))

-- a procedure
-- opaque TENSQL013
CALL nightly(?)

-- a shared literal
-- weak TENSQL007
SELECT COUNT(*) FROM shipments WHERE carrier_id = 1001
