/variables_set(variables, "ans", value);/d
