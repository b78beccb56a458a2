-- Set rules over the current versions: what is held back because of other rows.
-- Temp table `births`: file_sha256, line, birth_date, from the vault; it never stays.

-- One patient twice in the master with another birth date or sex: nobody knows who it is.
update raw_patients set set_aside_rule = 'patient_conflict'
where
    known_to is null
    and record_key in (
        select record_key from doubtful_patient
    );

create or replace temp table usable_patient as
select
    p.patient_id,
    p.first_consultation_date,
    b.birth_date
from raw_patients as p
left join births as b on p.file_sha256 = b.file_sha256 and p.line = b.line
where p.known_to is null and p.set_aside_rule is null;

-- A session waits for its patient, and is released when the master brings the patient.
update raw_sessions set set_aside_rule = 'orphan_session'
where known_to is null and patient_id not in (select patient_id from usable_patient);

update raw_sessions set set_aside_rule = 'session_before_patient'
from usable_patient as p
where
    raw_sessions.known_to is null
    and raw_sessions.patient_id = p.patient_id
    and (
        raw_sessions.session_date < p.first_consultation_date
        or raw_sessions.session_date < p.birth_date
    );

update raw_emcs set set_aside_rule = 'orphan_visit'
where known_to is null and patient_id not in (select patient_id from usable_patient);

-- Whole years at the first session, so that no birth date enters the warehouse.
create or replace table raw_patient_age as
select
    p.patient_id,
    cast(
        date_diff('year', p.birth_date, s.first_day)
        - (strftime(s.first_day, '%m%d') < strftime(p.birth_date, '%m%d'))::integer as double
    ) as age_years
from usable_patient as p
inner join (
    select
        patient_id,
        min(session_date) as first_day
    from raw_sessions
    where known_to is null and set_aside_rule is null
    group by patient_id
) as s on p.patient_id = s.patient_id
where p.birth_date is not null;
