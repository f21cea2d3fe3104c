s/\*result = arguments\[0\];/*result = 0;/
