s/own == 4 ? 3 : own + 1/own == 4 ? 3 : own/
