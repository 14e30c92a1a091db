//! All tests of the house, in one program.

#[test]
fn the_house_stands() {}
