-- a text that is run for its rows as XML
-- opaque TENSQL013
SELECT query_to_xml('SELECT * FROM boats', true, true, '') FROM sailors WHERE harbour_id = $1

-- a text that is run for its words
-- opaque TENSQL013
SELECT * FROM ts_stat('SELECT search FROM boats')

-- a file of the server's
-- opaque TENSQL013
SELECT pg_read_file('x')
