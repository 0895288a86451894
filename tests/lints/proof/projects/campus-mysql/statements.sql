-- Hibernate by id
-- violation TENSQL001
select p1_0.id,p1_0.first_name,p1_0.grade,p1_0.school_code from pupils p1_0 where p1_0.id=?

-- Hibernate by id with @TenantId
-- proven
select p1_0.id,p1_0.first_name,p1_0.grade from pupils p1_0 where p1_0.school_code = ? and p1_0.id=?

-- Hibernate join fetch
-- proven
select p1_0.id,e1_0.pupil_id,e1_0.course_id,e1_0.mark from pupils p1_0 left join enrolments e1_0 on p1_0.id=e1_0.pupil_id where p1_0.school_code=? and p1_0.grade=?

-- Hibernate collection load
-- violation
select e1_0.pupil_id,e1_0.course_id,c1_0.id,c1_0.title,e1_0.mark from enrolments e1_0 join courses c1_0 on c1_0.id=e1_0.course_id where e1_0.pupil_id=?

-- Hibernate criteria with a predicate always true
-- violation
select p1_0.id from pupils p1_0 where 1=1 order by p1_0.id limit ?,?

-- Hibernate criteria with a predicate always false
-- proven
select p1_0.id from pupils p1_0 where (1=0)

-- Hibernate 5 aliases
-- proven
select pupil0_.id as id1_0_, pupil0_.first_name as first_na2_0_ from pupils pupil0_ where pupil0_.school_code=? and (pupil0_.grade is null or pupil0_.grade>=?) limit ?

-- Hibernate bulk update
-- proven
update pupils set grade=(grade+?) where school_code=?

-- Hibernate update of an entity
-- violation TENSQL002
update pupils set first_name=?,grade=?,school_code=? where id=?

-- Hibernate delete of an entity in its school
-- proven
delete from pupils where id=? and school_code=?

-- Hibernate insert
-- proven
insert into pupils (first_name,grade,school_code) values (?,?,?)

-- Hibernate insert of an enrolment
-- violation TENSQL019
insert into enrolments (mark,course_id,pupil_id) values (?,?,?)

-- an enrolment of the own pupil in the own course
-- proven
insert into enrolments (pupil_id, course_id) select p.id, c.id from pupils p join courses c on c.school_code = p.school_code where p.school_code = #{school} and p.id = #{pupil} and c.id = #{course}

-- MyBatis' style of a text put in
-- opaque
select id from pupils where school_code = ${school} and grade = #{grade}

-- MyBatis' bound style
-- proven
select id from pupils where school_code = #{school,jdbcType=VARCHAR} and grade in ( #{grades[0]} , #{grades[1]} )

-- a marks pivot
-- proven
select p.id, max(case when c.title = 'maths' then e.mark end) as maths, max(case when c.title = 'art' then e.mark end) as art from pupils p join enrolments e on e.pupil_id = p.id join courses c on c.id = e.course_id and c.school_code = p.school_code where p.school_code = :school group by p.id with rollup

-- the mean of everybody beside the own
-- violation TENSQL010
select p.id, e.mark, (select avg(mark) from enrolments) as mean from pupils p join enrolments e on e.pupil_id = p.id where p.school_code = ?

-- a dedupe by a window
-- proven
delete from pupils where id in (select id from (select id, row_number() over (partition by first_name order by id) rn from pupils where school_code = ?) d where d.rn > 1)

-- a dedupe by a window of everybody
-- violation
delete from pupils where school_code = ? and id in (select id from (select id, row_number() over (partition by first_name order by id) rn from pupils) d where d.rn > 1)

-- the tenant in binary
-- proven
select id from pupils where binary school_code = ?

-- upper-case on both sides
-- violation
select id from pupils where upper(school_code) = upper(?)

-- between one and the same
-- proven
select id from pupils where school_code between :s and :s

-- between two
-- violation
select id from pupils where school_code between :s and :t

-- concat of the tenant
-- violation
select id from pupils where concat(school_code, '') = ?

-- the school by a sub-select of the name
-- violation
select id from pupils where school_code = (select code from schools where name like ?)

-- holidays
-- proven
select day from holidays where year(day) = ?

-- a text compared with a number is a number
-- violation
select id from pupils where school_code = 0

-- a text compared with a text
-- weak TENSQL007
select id from pupils where school_code = 'S1'
