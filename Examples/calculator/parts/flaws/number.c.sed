s/precision <= 17/precision <= 6/
