s/if (length >= NAME_SIZE) length = NAME_SIZE - 1;/if (length > 8) length = 8;/
