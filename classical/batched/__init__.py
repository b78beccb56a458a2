"""The methods of the classical room for many data sets at once, at the speed of compiled code.

Here: random-intercept mixed models (`mixed`), two-by-two tables (`tables`), rank tests (`ranks`),
simulated trials analysed as they are drawn (`trials`). Not here: one data set at a time
(`classical.mixed`, `classical.contingency`), which is the reference that tests hold these to.

A fit has a status, a number in the arrays and a text in `status.TEXT`. A fit that failed has NaN
and never counts as one that is not significant.
"""
