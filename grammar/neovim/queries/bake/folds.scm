[(statements) (body) (members) (matrix) (chain) (table) (policy) (record) (list) (match) (text) (raw_text)] @fold
