//! JSON Lines: the command.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    rest_source_benches::json_lines::command()
}
