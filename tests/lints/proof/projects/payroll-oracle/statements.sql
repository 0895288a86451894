-- by company
-- proven
SELECT e.surname, e.salary FROM employees e WHERE e.company_id = :companyId AND e.salary > :1 ORDER BY e.surname OFFSET :o ROWS FETCH NEXT 20 ROWS ONLY

-- by employee
-- violation TENSQL001
SELECT surname FROM employees WHERE employee_id = :id

-- payslips through the employee
-- proven
SELECT p.net FROM payslips p, employees e WHERE p.employee_id = e.employee_id AND e.company_id = :c AND p.period = TRUNC(SYSDATE, 'MM')

-- update through an inline view
-- proven
UPDATE (SELECT e.salary FROM employees e WHERE e.company_id = :c AND e.salary < 1000) SET salary = 1000

-- update through an inline view of everybody
-- violation TENSQL002
UPDATE (SELECT e.salary AS s FROM employees e WHERE e.employee_id = :id) v SET v.s = :s

-- update through an inline view of a join
-- proven
UPDATE (SELECT p.net, e.company_id FROM payslips p JOIN employees e ON e.employee_id = p.employee_id WHERE e.company_id = :c) SET net = net * 1.01

-- delete through an inline view
-- proven
DELETE FROM (SELECT * FROM payslips p WHERE p.employee_id IN (SELECT employee_id FROM employees WHERE company_id = :c))

-- merge from dual
-- proven
MERGE INTO cost_centres t USING (SELECT :c company_id, :code code, :b budget FROM dual) s ON (t.company_id = s.company_id AND t.code = s.code) WHEN MATCHED THEN UPDATE SET t.budget = s.budget WHEN NOT MATCHED THEN INSERT (company_id, code, budget) VALUES (s.company_id, s.code, s.budget)

-- the bosses of an employee
-- violation
SELECT employee_id, surname FROM employees START WITH employee_id = :id CONNECT BY PRIOR manager_id = employee_id

-- the bosses of an employee within the company
-- proven
SELECT employee_id, surname FROM employees START WITH employee_id = :id AND company_id = :c CONNECT BY PRIOR manager_id = employee_id AND PRIOR company_id = company_id

-- the tree as a recursive query
-- proven
WITH t (employee_id, company_id, lvl) AS (SELECT employee_id, company_id, 1 FROM employees WHERE manager_id IS NULL AND company_id = :c UNION ALL SELECT e.employee_id, e.company_id, t.lvl + 1 FROM employees e JOIN t ON e.manager_id = t.employee_id AND e.company_id = t.company_id) SEARCH DEPTH FIRST BY employee_id SET ord SELECT * FROM t

-- the outer join of old
-- proven
SELECT e.surname, p.net FROM employees e, payslips p WHERE e.company_id = :c AND p.employee_id (+) = e.employee_id

-- pivot
-- proven
SELECT * FROM (SELECT p.period, p.net, e.surname FROM payslips p JOIN employees e ON e.employee_id = p.employee_id WHERE e.company_id = :c) PIVOT (SUM(net) FOR surname IN ('A' AS a, 'B' AS b))

-- model of ranks over all companies
-- violation
SELECT * FROM (SELECT e.*, DENSE_RANK() OVER (ORDER BY salary DESC) r FROM employees e) WHERE company_id = :c AND r <= 3

-- ranks within each company
-- proven
SELECT * FROM (SELECT e.*, DENSE_RANK() OVER (PARTITION BY company_id ORDER BY salary DESC) r FROM employees e) WHERE company_id = :c AND r <= 3

-- keep first
-- proven
SELECT MAX(surname) KEEP (DENSE_RANK FIRST ORDER BY salary DESC) FROM employees WHERE company_id = :c

-- a hint and a lock
-- proven
SELECT /*+ INDEX(e employees_c_ix) FIRST_ROWS(10) */ e.employee_id FROM employees e WHERE e.company_id = :c FOR UPDATE SKIP LOCKED

-- returning into
-- proven
INSERT INTO employees (employee_id, company_id, surname) VALUES (emp_seq.NEXTVAL, :c, :s) RETURNING employee_id INTO :id

-- an insert of a payslip
-- violation TENSQL019
INSERT INTO payslips (employee_id, period, net) VALUES (:e, TO_DATE(:d, 'YYYY-MM-DD'), :n)

-- a payslip of an own employee
-- proven
INSERT INTO payslips (employee_id, period, net) SELECT e.employee_id, :d, :n FROM employees e WHERE e.employee_id = :e AND e.company_id = :c

-- q quoting with a fake predicate
-- violation
SELECT surname FROM employees WHERE surname = q'[x' AND company_id = :c]'

-- nvl2
-- violation
SELECT surname FROM employees WHERE NVL2(:c, company_id, :c) = :c OR :c IS NULL

-- tax bands by a lookup
-- proven
SELECT rate FROM tax_bands WHERE country = :x AND lower_bound <= (SELECT MAX(salary) FROM employees WHERE company_id = :c)

-- tax bands by everybody's salaries
-- violation TENSQL001
SELECT rate FROM tax_bands WHERE country = :x AND lower_bound <= (SELECT MAX(salary) FROM employees)

-- a call
-- opaque
CALL close_period(:c)

-- a block that loops
-- violation
BEGIN FOR r IN (SELECT employee_id FROM employees WHERE company_id = :c) LOOP UPDATE payslips SET net = 0 WHERE period = :p; END LOOP; END;
