//! The executor: takes a plan's document and builds images on EC2, with a record of every step before it is done.
//!
//! Floor 6. It runs from a plan alone: it must not know the language, nor who watches. In reading order: `build` is what is
//! worked on and `input` makes it from a plan; `line` is the way of one build, over the journalled steps of `step`; `journal` holds
//! the record, `aws` the one door to EC2, `ssh` the connection, `provision` what is done over it; `settle` resumes and cleans.

pub mod aws;
pub mod build;
pub mod cancel;
pub mod event;
pub mod journal;
pub mod key;
pub mod problem;
pub mod provision;
pub mod render;
pub mod secret;
pub mod ssh;
pub mod step;
