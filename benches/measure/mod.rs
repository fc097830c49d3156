//! What the benchmarks share: a place on a real disk, clocks, and the limits they are held against.

#![allow(
    dead_code,
    unused_imports,
    reason = "each benchmark uses its part of it"
)]

pub(crate) mod appliance;
mod limit;
pub(crate) mod others;
mod place;
mod run;
pub(crate) mod same_rows;
pub(crate) mod served;

pub(crate) use self::limit::{autocommit, group_commit};
pub(crate) use self::place::Place;
pub(crate) use self::run::{Figures, at_once, cpu_per_call, in_full, scale, wall};
