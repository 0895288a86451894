CREATE TABLE authorities (authority_id smallint PRIMARY KEY, code citext NOT NULL UNIQUE, name text);
CREATE TABLE IF NOT EXISTS people (person_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text UNIQUE);
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_class WHERE relname = 'tenders') THEN
    CREATE TABLE tenders (authority_id smallint NOT NULL REFERENCES authorities, tender_no int NOT NULL, title text, budget numeric, state text DEFAULT 'draft', opened_at timestamptz, PRIMARY KEY (authority_id, tender_no));
  END IF;
END $$;
CREATE TABLE lots (authority_id smallint NOT NULL, tender_no int NOT NULL, lot_no int NOT NULL, title text, PRIMARY KEY (authority_id, tender_no, lot_no), FOREIGN KEY (authority_id, tender_no) REFERENCES tenders ON DELETE CASCADE);
CREATE TABLE bids (bid_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), authority_id smallint NOT NULL, tender_no int NOT NULL, lot_no int NOT NULL, bidder text, amount numeric, sealed bytea, FOREIGN KEY (authority_id, tender_no, lot_no) REFERENCES lots);
CREATE TABLE attachments (attachment_id uuid PRIMARY KEY, bid_id uuid NOT NULL REFERENCES bids ON DELETE CASCADE, file text);
CREATE TABLE grants (authority_id smallint NOT NULL REFERENCES authorities, person_id bigint NOT NULL REFERENCES people, role text, PRIMARY KEY (authority_id, person_id));
CREATE TABLE cpv_codes (code text PRIMARY KEY, label text);
CREATE VIEW open_tenders WITH (security_barrier) AS SELECT authority_id, tender_no, title FROM tenders WHERE state = 'open';
CREATE FUNCTION my_authority() RETURNS smallint LANGUAGE sql STABLE AS $$ SELECT current_setting('app.authority')::smallint $$;
