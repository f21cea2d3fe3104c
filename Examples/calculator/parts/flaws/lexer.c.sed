s/while (isalnum(\(.*\)) ||/while (isalpha(\1) ||/
