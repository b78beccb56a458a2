-- Answers of the clinic about one record, oldest first. Grain: an answer.
select
    delivery_id,
    delivery_date::varchar as delivery_date,
    line,
    column_name as "column",
    status,
    rule_id as rule
from raw_correction
where table_name = $table and patient_id = $patient_id and record_no = $record_no
order by delivery_date, line;
