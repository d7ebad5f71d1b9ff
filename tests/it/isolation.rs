//! Who gets whose credential: never another owner's, another app's, an ended or a deleted one's.

mod crowd;
mod deleted;
mod owners;
mod states;
