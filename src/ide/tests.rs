//! Questions at marked places.
