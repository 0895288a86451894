CREATE TABLE foundations (id NUMBER(10) PRIMARY KEY, name VARCHAR2(80), domain VARCHAR2(80) UNIQUE);
CREATE TABLE programmes (id NUMBER(10) PRIMARY KEY, foundation_id NUMBER(10) NOT NULL REFERENCES foundations (id), parent_id NUMBER(10) REFERENCES programmes (id), title VARCHAR2(80));
CREATE TABLE grants_made (id NUMBER(10) PRIMARY KEY, foundation_id NUMBER(10) NOT NULL REFERENCES foundations (id), programme_id NUMBER(10) NOT NULL REFERENCES programmes (id), amount NUMBER(12,2), status VARCHAR2(10));
CREATE TABLE instalments (grant_id NUMBER(10) NOT NULL REFERENCES grants_made (id), no NUMBER(3) NOT NULL, amount NUMBER(12,2), due DATE, PRIMARY KEY (grant_id, no));
CREATE TABLE currencies (code CHAR(3) PRIMARY KEY, label VARCHAR2(40));
CREATE OR REPLACE PROCEDURE close_grant(p_foundation IN NUMBER, p_grant IN NUMBER) AS
BEGIN
  UPDATE grants_made SET status = 'closed' WHERE id = p_grant AND foundation_id = p_foundation;
END;
/
CREATE OR REPLACE PROCEDURE pay_all(p_due IN DATE) AS
BEGIN
  UPDATE instalments SET amount = 0 WHERE due < p_due;
END;
/
