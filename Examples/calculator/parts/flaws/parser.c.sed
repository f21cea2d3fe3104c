s/return tree_binary('^', base, unary(parser));/return tree_binary('^', base, primary(parser));/
