//! Simulates tills, store and network under faults: `daybook-sim --seeds 200`.

use clap::Parser;
use daybook_sim::{Tally, run};
use daybook_sync::planted::Planted;
use std::process::ExitCode;

/// Runs one history a seed; ends with 1 at the first rule that does not hold.
#[derive(Parser)]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Steps with faults in each history.
    #[arg(long, default_value_t = 300)]
    steps: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut tally = Tally::default();
    for seed in arguments.first..arguments.first.saturating_add(arguments.seeds) {
        match run(seed, arguments.steps, Planted::NONE) {
            Ok(history) => tally.add(&history),
            Err(violation) => {
                println!("seed {seed}: {}: {}", violation.rule, violation.detail);
                println!("repeat it with: make sim SEEDS=1 FIRST={seed}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{} histories held every rule: {tally:?}", arguments.seeds);
    ExitCode::SUCCESS
}
