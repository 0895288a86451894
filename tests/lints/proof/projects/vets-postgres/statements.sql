-- the waiting room of today
-- proven
SELECT a.name, o.phone, v.at FROM visits v JOIN animals a USING (practice_id, animal_id) JOIN owners o ON o.id = a.owner_id AND o.practice_id = a.practice_id WHERE v.practice_id = current_setting('app.practice_id')::uuid AND v.at::date = CURRENT_DATE

-- visits with their animals by both columns
-- proven
SELECT v.at, a.name FROM visits v JOIN animals a ON a.practice_id = v.practice_id AND a.id = v.animal_id WHERE a.practice_id = $1

-- visits with their animals by the number alone
-- violation
SELECT v.at, a.name FROM visits v JOIN animals a ON a.id = v.animal_id WHERE v.practice_id = $1

-- notes of one visit
-- violation TENSQL001
SELECT body FROM visit_notes WHERE visit_id = $1

-- notes of the practice's visits
-- proven
SELECT n.body FROM visit_notes n WHERE n.visit_id IN (SELECT id FROM visits WHERE practice_id = $1)

-- notes of one visit, the visit asked too
-- proven
SELECT body FROM visit_notes WHERE visit_id = $1 AND EXISTS (SELECT FROM visits WHERE id = visit_id AND practice_id = $2)

-- notes of one visit, some visit asked
-- violation
SELECT body FROM visit_notes n WHERE n.visit_id = $1 AND EXISTS (SELECT FROM visits v WHERE v.practice_id = $2)

-- owners without an animal
-- proven
SELECT o.name FROM owners o LEFT JOIN animals a ON a.practice_id = o.practice_id AND a.owner_id = o.id WHERE o.practice_id = $1 AND a.id IS NULL

-- owners without an animal, by a key that says whose
-- proven
SELECT o.name FROM owners o LEFT JOIN animals a ON a.owner_id = o.id WHERE o.practice_id = $1 AND a.id IS NULL

-- owners without a visit this year
-- proven
SELECT o.name FROM owners o WHERE o.practice_id = $1 AND NOT EXISTS (SELECT 1 FROM visits v JOIN animals a ON a.id = v.animal_id AND a.practice_id = v.practice_id WHERE a.owner_id = o.id AND v.practice_id = o.practice_id AND v.at > $2)

-- owners not among those who owe
-- violation
SELECT name FROM owners WHERE practice_id = $1 AND id NOT IN (SELECT a.owner_id FROM animals a JOIN visits v ON v.animal_id = a.id WHERE v.fee > 100)

-- fees by species
-- proven
SELECT s.name, sum(v.fee) FROM species s LEFT JOIN animals a ON a.species_id = s.id AND a.practice_id = $1 LEFT JOIN visits v ON v.practice_id = a.practice_id AND v.animal_id = a.id GROUP BY s.name

-- fees by species of everybody
-- violation
SELECT s.name, avg(v.fee) FROM species s JOIN animals a ON a.species_id = s.id JOIN visits v ON v.animal_id = a.id GROUP BY s.name

-- the practice by its subdomain
-- proven
SELECT id, name FROM practices WHERE subdomain = lower($1)

-- practices by a list of ids
-- weak TENSQL020
SELECT id, name FROM practices WHERE id = ANY($1::uuid[])

-- the practices I work at
-- weak TENSQL022
SELECT p.name FROM practices p JOIN staff s ON s.practice_id = p.id WHERE s.user_id = $1

-- animals of the practices I work at
-- weak TENSQL022
SELECT a.name FROM animals a WHERE a.practice_id IN (SELECT practice_id FROM staff WHERE user_id = $1)

-- move an animal to another owner
-- proven
UPDATE animals SET owner_id = $3 WHERE practice_id = $1 AND id = $2

-- move an animal to another practice
-- violation TENSQL009
UPDATE animals SET practice_id = $2 WHERE practice_id = $1 AND id = $3

-- a note on a visit that is looked up
-- proven
INSERT INTO visit_notes (id, visit_id, body) SELECT $1, v.id, $3 FROM visits v WHERE v.id = $2 AND v.practice_id = $4

-- a note on a visit that is not
-- violation TENSQL019
INSERT INTO visit_notes (id, visit_id, body) VALUES ($1, $2, $3)

-- the latest visit of each animal
-- proven
SELECT DISTINCT ON (animal_id) animal_id, at FROM visits WHERE practice_id = $1 ORDER BY animal_id, at DESC

-- the latest visit of each animal, then the practice's
-- violation TENSQL012
SELECT * FROM (SELECT DISTINCT ON (animal_id) * FROM visits ORDER BY animal_id, at DESC) l WHERE l.practice_id = $1

-- an optional practice
-- violation TENSQL005
SELECT * FROM visits WHERE ($1::uuid IS NULL OR practice_id = $1) AND fee > $2

-- an upsert of an animal by its key
-- proven
INSERT INTO animals (id, practice_id, owner_id, name) VALUES ($1, $2, $3, $4) ON CONFLICT (practice_id, id) DO UPDATE SET name = EXCLUDED.name

-- an upsert of an owner by the number alone
-- violation TENSQL008
INSERT INTO owners (id, practice_id, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name
