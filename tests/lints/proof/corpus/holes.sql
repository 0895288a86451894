-- bound values
-- proven
SELECT * FROM boats WHERE id = :h0 AND harbour_id = :h1

-- interpolated tenant
-- opaque TENSQL013
SELECT * FROM boats WHERE harbour_id = __hole_0__

-- interpolated tenant in quotes
-- opaque TENSQL013
SELECT * FROM boats WHERE harbour_id = '__hole_0__'

-- interpolated id
-- violation TENSQL001
SELECT * FROM boats WHERE id = __hole_0__

-- interpolated condition alone
-- opaque TENSQL013
SELECT * FROM boats WHERE __hole_0__

-- interpolated conjunct beside the tenant
-- weak TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 AND __hole_1__

-- interpolated conjunct beside an id
-- opaque TENSQL013
SELECT * FROM boats WHERE id = :h0 AND __hole_1__

-- interpolated alternative
-- opaque TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 OR __hole_1__

-- interpolated alternative in parentheses beside the tenant
-- proven
SELECT * FROM boats WHERE harbour_id = :h0 AND (__hole_1__ OR kind = 'x')

-- interpolated clause after the predicate
-- weak TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 __hole_1__

-- interpolated clause after an id
-- opaque TENSQL013
SELECT * FROM boats WHERE id = :h0 __hole_1__

-- interpolated WHERE
-- opaque TENSQL013
SELECT * FROM boats b __hole_0__

-- interpolated order and limit
-- proven
SELECT * FROM boats WHERE harbour_id = :h0 ORDER BY __hole_1__ __hole_2__ LIMIT __hole_3__

-- interpolated order does not excuse
-- violation TENSQL001
SELECT * FROM boats WHERE id = :h0 ORDER BY __hole_1__ __hole_2__

-- interpolated column list
-- proven
SELECT __hole_0__ FROM boats WHERE harbour_id = :h1

-- interpolated column list does not excuse
-- violation TENSQL001
SELECT __hole_0__ FROM boats WHERE id = :h1

-- interpolated table
-- opaque TENSQL013
SELECT * FROM __hole_0__ WHERE id = :h1

-- interpolated table scoped by the tenant's name
-- weak TENSQL013
SELECT * FROM __hole_0__ WHERE harbour_id = :h1

-- interpolated join
-- opaque
SELECT * FROM boats b JOIN __hole_0__ ON TRUE WHERE b.harbour_id = :h1

-- interpolated operator
-- violation TENSQL001
SELECT * FROM boats WHERE length __hole_0__ :h1

-- interpolated operator beside the tenant
-- proven
SELECT * FROM boats WHERE harbour_id = :h0 AND length __hole_1__ :h2

-- interpolated SET list
-- weak TENSQL013
UPDATE boats SET __hole_0__ WHERE id = :h1 AND harbour_id = :h2

-- interpolated SET list by id
-- violation TENSQL002
UPDATE boats SET __hole_0__ WHERE id = :h1

-- interpolated column to set
-- weak TENSQL013
UPDATE boats SET __hole_0__ = :h1 WHERE harbour_id = :h2

-- interpolated value to set
-- weak TENSQL013
UPDATE boats SET name = __hole_0__ WHERE harbour_id = :h2

-- interpolated insert columns
-- opaque TENSQL013
INSERT INTO boats (__hole_0__) VALUES (__hole_1__)

-- interpolated insert object
-- opaque TENSQL013
INSERT INTO boats __hole_0__

-- interpolated values
-- opaque TENSQL013
INSERT INTO boats (id, harbour_id, name) VALUES __hole_0__

-- interpolated tenant to insert
-- opaque TENSQL013
INSERT INTO boats (id, harbour_id, name) VALUES (:h0, __hole_1__, :h2)

-- interpolated other value to insert
-- weak TENSQL013
INSERT INTO boats (id, harbour_id, name) VALUES (:h0, :h1, __hole_2__)

-- interpolated list of ids
-- violation TENSQL001
SELECT * FROM boats WHERE id IN (__hole_0__)

-- interpolated list of tenants
-- opaque TENSQL013
SELECT * FROM boats WHERE harbour_id IN (__hole_0__)

-- bound list of tenants
-- proven
SELECT * FROM boats WHERE harbour_id IN (:h0)

-- bound list without parentheses
-- proven
SELECT * FROM boats WHERE harbour_id IN :h0

-- interpolated sub-select
-- opaque TENSQL013
SELECT * FROM (__hole_0__) x WHERE x.harbour_id = :h1

-- whole statement interpolated
-- opaque TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 UNION __hole_1__

-- interpolated function argument
-- violation TENSQL001
SELECT * FROM boats WHERE name ILIKE concat('%', __hole_0__, '%')

-- interpolated interval
-- weak TENSQL013
SELECT * FROM boats WHERE harbour_id = :h0 AND archived_at > now() - INTERVAL '__hole_1__ days'

-- interpolated schema
-- proven
SELECT * FROM __hole_0__.boats WHERE harbour_id = :h1

-- interpolated limit in a sub-select
-- violation TENSQL012
SELECT * FROM (SELECT * FROM boats LIMIT __hole_0__) b WHERE b.harbour_id = :h1

-- conjunct hole in the ON of a joined relation
-- opaque TENSQL013
SELECT * FROM boats b JOIN sailors s ON s.name = b.name AND __hole_0__ WHERE b.harbour_id = :h1

-- knex identifier placeholder
-- weak TENSQL013
SELECT * FROM ?? WHERE harbour_id = ?

-- leading clause interpolated
-- opaque
__hole_0__ SELECT * FROM boats WHERE id = :h0

-- a value put in by a format
-- opaque
SELECT * FROM boats WHERE harbour_id = {harbour_id}

-- a value put in by its position
-- opaque
SELECT * FROM boats WHERE harbour_id = {0}

-- a condition put in by a format, beside the tenant
-- weak
SELECT * FROM boats WHERE {cond} AND harbour_id = $1

-- a name in a Ruby format
-- opaque
SELECT * FROM boats WHERE harbour_id = %{harbour}

-- interpolated column to set where another row is in the way
-- weak TENSQL013
INSERT INTO berths (harbour_id, number) VALUES ($1, $2) ON CONFLICT (harbour_id, number) DO UPDATE SET ${column} = $3

-- interpolated column to compare beside the tenant
-- proven
UPDATE berths SET depth = $1 WHERE ${column} = $2 AND harbour_id = $3
