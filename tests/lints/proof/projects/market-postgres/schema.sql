CREATE TABLE companies (id uuid PRIMARY KEY, name text);
CREATE TABLE listings (
  id uuid PRIMARY KEY, seller_id uuid NOT NULL REFERENCES companies (id), title text, price int, live boolean,
  UNIQUE (seller_id, id)
);
CREATE TABLE orders (
  id uuid PRIMARY KEY, buyer_id uuid NOT NULL REFERENCES companies (id), seller_id uuid NOT NULL REFERENCES companies (id),
  listing_id uuid NOT NULL, total int, state text,
  FOREIGN KEY (seller_id, listing_id) REFERENCES listings (seller_id, id)
);
CREATE TABLE order_events (id uuid PRIMARY KEY, order_id uuid NOT NULL REFERENCES orders (id), note text);
CREATE TABLE reviews (id uuid PRIMARY KEY, seller_id uuid NOT NULL REFERENCES companies (id), buyer_id uuid REFERENCES companies (id), stars int);
