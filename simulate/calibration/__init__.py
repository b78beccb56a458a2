"""The generator fitted to the published study: rows in, an ensemble of plausible worlds out.

Here: which printed figures may be used and what each is (`targets`), the same figures of simulated
clinics (`figures`), what was believed before (`prior`), the fit (`emulator`, `sampler`,
`calibrate`), and how well the fitted worlds look like the study (`misfit`, `acceptance`,
`replicas`, `recovery`). Not here: the generator itself. Import the concrete modules.
"""
