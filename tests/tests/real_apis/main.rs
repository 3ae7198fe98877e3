//! The specs of real APIs, each against pages in memory that are shaped as the API documents them:
//! what is asked for, page after page, and what becomes of nulls, absent keys and odd values.

#![cfg(test)]

mod api;
mod freshdesk;
mod github;
mod guardian;
mod notion;
mod openweather;
mod slack;
mod stripe;
mod twilio;
