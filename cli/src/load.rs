//! `rest-source load`.

use rest_source_load::{Loading, Sqlite};

use crate::{
    args::Load,
    console::{self, Progress},
    run::Work,
    spec,
    stop::Stop,
    token::Keeper,
};

/// Loads a source into a database.
pub(crate) fn run(args: Load) -> Work<impl Future<Output = Result<(), Stop>> + Send + 'static> {
    Work {
        doing: load(args),
        interrupted: "interrupted: what was committed stays, and the next load goes on from there",
    }
}

async fn load(args: Load) -> Result<(), Stop> {
    let (_, plan) = spec::open(&args.spec)?;
    for name in &args.resource {
        spec::resource(plan, name)?;
    }
    let token = Keeper::new(plan, args.token_file)?;
    let client = spec::connect(plan, args.config, &token)?;
    let mut database = Sqlite::open(&args.to)?;
    let mut loading = Loading::of(&client, &mut database);
    if args.full_refresh {
        loading = loading.full_refresh();
    }
    for name in args.resource {
        loading = loading.resource(name);
    }
    let progress = Progress::new();
    let report = loading
        .on_progress(|done| {
            progress.show(format_args!(
                "{}: page {}, {} rows written",
                done.resource, done.pages, done.rows
            ));
        })
        .await;
    drop(progress);
    let report = report.map_err(|mut failed| {
        failed.errors = failed
            .errors
            .into_iter()
            .map(|error| token.tell(error))
            .collect();
        failed
    })?;
    console::say(format_args!("{report:#}"));
    Ok(())
}
