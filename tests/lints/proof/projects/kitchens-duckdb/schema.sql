CREATE TABLE kitchens (kitchen_id INTEGER PRIMARY KEY, name VARCHAR);
CREATE TABLE meals (kitchen_id INTEGER NOT NULL REFERENCES kitchens (kitchen_id), meal_id INTEGER, title VARCHAR, price DECIMAL(8,2), tags VARCHAR[], PRIMARY KEY (kitchen_id, meal_id));
CREATE TABLE sold (kitchen_id INTEGER NOT NULL, meal_id INTEGER, at TIMESTAMP, n INTEGER);
