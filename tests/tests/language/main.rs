//! What the language says happens at run time: a small spec, a server on loopback that answers as a
//! test says, the requests that are made and the records that come.

#![cfg(test)]

mod actions;
mod auth;
mod children;
mod contract;
mod ends;
mod hostile;
mod incremental;
mod jobs;
mod links;
mod other_origins;
mod pace;
mod paging;
mod partitions;
mod redirects;
mod requests;
mod responses;
mod retry;
mod selecting;
mod soak;
mod streamed;
mod tokens;
mod windows;
mod world;
