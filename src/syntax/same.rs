//! Whether two trees say the same.
