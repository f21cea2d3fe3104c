/^bool variables_set/,$s/size_t i = find(variables, name);/size_t i = variables->count;/
