with long as (
    select * from {{ ref('test_period_long') }}
)

select
    patient_id,
    max(pain_relief_pct) filter (where session_no = 1) as pain_relief_pct_s1,
    max(pain_relief_pct) filter (where session_no = 2) as pain_relief_pct_s2,
    max(pain_relief_pct) filter (where session_no = 3) as pain_relief_pct_s3,
    max(pain_relief_pct) filter (where session_no = 4) as pain_relief_pct_s4,
    max(relief_duration_days) filter (where session_no = 1) as relief_duration_days_s1,
    max(relief_duration_days) filter (where session_no = 2) as relief_duration_days_s2,
    max(relief_duration_days) filter (where session_no = 3) as relief_duration_days_s3,
    max(relief_duration_days) filter (where session_no = 4) as relief_duration_days_s4,
    max(gnpsi) filter (where session_no = 0) as gnpsi_s0,
    max(gnpsi) filter (where session_no = 1) as gnpsi_s1,
    max(gnpsi) filter (where session_no = 2) as gnpsi_s2,
    max(gnpsi) filter (where session_no = 3) as gnpsi_s3,
    max(gnpsi) filter (where session_no = 4) as gnpsi_s4,
    max(ssnpsi) filter (where session_no = 0) as ssnpsi_s0,
    max(ssnpsi) filter (where session_no = 1) as ssnpsi_s1,
    max(ssnpsi) filter (where session_no = 2) as ssnpsi_s2,
    max(ssnpsi) filter (where session_no = 3) as ssnpsi_s3,
    max(ssnpsi) filter (where session_no = 4) as ssnpsi_s4,
    responder_status,
    is_synthetic
from long
group by patient_id, responder_status, is_synthetic
