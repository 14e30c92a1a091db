//! All tests of the house, in one program.

mod facts;
mod house;
mod rust;
