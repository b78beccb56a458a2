# lme4 and lmerTest on the 1,000 random designs:
#   python tests/oracles/data/designs/random_designs.py designs.csv
#   Rscript tests/oracles/data/designs/designs.R designs.csv tests/oracles/data/designs/lme4.csv
suppressMessages(library(lmerTest))
paths <- commandArgs(TRUE)
rows <- read.csv(paths[1])
# far below lme4's default tolerance, which leaves tau right to four digits only
tight <- lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE, check.conv.singular = "ignore",
                     optCtrl = list(xtol_abs = 1e-14, ftol_abs = 1e-14, xtol_rel = 0,
                                    ftol_rel = 0, maxeval = 5000))
one <- function(d) {
  f <- if (d$effects[1] == 4) y ~ session * group + (1 | patient) else y ~ session + (1 | patient)
  m <- lmerTest::lmer(f, d, REML = TRUE, control = tight)
  effect <- if (d$effects[1] == 4) c(2, 4) else 2  # session, session x group
  s <- coef(summary(m))[effect, , drop = FALSE]
  data.frame(id = d$id[1], effect = if (d$effects[1] == 4) c(1, 3) else 1,
             estimate = s[, 1], se = s[, 2], df = s[, 3],
             sigma = sigma(m), tau = getME(m, "theta") * sigma(m), criterion = REMLcrit(m))
}
result <- do.call(rbind, lapply(split(rows, rows$id), one))
write.csv(format(result, digits = 12, trim = TRUE), paths[2], row.names = FALSE, quote = FALSE)
