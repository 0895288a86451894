CREATE TABLE companies (id bigint PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (id bigint PRIMARY KEY, company_id bigint NOT NULL REFERENCES companies (id), email text NOT NULL UNIQUE);
CREATE TABLE parcels (id bigint PRIMARY KEY, shipper_company_id bigint NOT NULL REFERENCES companies (id), carrier_company_id bigint REFERENCES companies (id), weight numeric, state text);
CREATE TABLE offers (id bigint PRIMARY KEY, parcel_id bigint NOT NULL REFERENCES parcels (id), company_id bigint NOT NULL REFERENCES companies (id), price numeric);
CREATE TABLE scans (parcel_id bigint NOT NULL REFERENCES parcels (id), at timestamptz NOT NULL, place text);
