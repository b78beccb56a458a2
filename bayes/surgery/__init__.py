"""First evaluation after surgery given the rTMS curve: draws and marts in, tables out.

Here: equations (14)-(20) of docs/models.md. `records` says who enters, `line` is the model and its
posterior, `correlation` what follows for operated and candidates, `prediction` for one patient,
`tables` what is shown. Not here: the relief model, whose draws come as arrays; complications,
which the marts count. Patients were chosen for surgery and relief is uncontrolled: nothing here
says what surgery causes, and nothing is a reason to refuse it.
"""
