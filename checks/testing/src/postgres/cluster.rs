//! Makes clusters: the first one with initdb, and the others as copies of it, which is much faster.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{
    PostgresError, Programs,
    owner::{Owner, run},
};

/// The name of the cluster's superuser.
pub(super) const SUPERUSER: &str = "hubsync";

/// Makes a new cluster in the folder `data` of a temporary folder.
pub(super) async fn make(programs: &Programs, owner: Owner) -> Result<TempDir, PostgresError> {
    let template = template(programs, owner).await?;
    let (folder, data) = new_folder()?;
    run(Command::new("cp").arg("-R").arg(template).arg(&data))?;
    owner.give(folder.path())?;
    Ok(folder)
}

/// The cluster that is copied. It is in the folder of the running program, so it is deleted with the build.
async fn template(programs: &Programs, owner: Owner) -> Result<&'static Path, PostgresError> {
    static MADE: OnceCell<PathBuf> = OnceCell::const_new();
    let made = MADE
        .get_or_try_init(|| async { make_template(programs, owner) })
        .await;
    made.map(PathBuf::as_path)
}

fn make_template(programs: &Programs, owner: Owner) -> Result<PathBuf, PostgresError> {
    let template = template_path(programs)?;
    if template.exists() {
        return Ok(template);
    }
    let (folder, data) = new_folder()?;
    owner.give(folder.path())?;
    let pgdata = data.as_os_str();
    let options = [
        "--no-sync",
        "--no-instructions",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
        "--wal-segsize=4",
        "--username=hubsync",
        "--pgdata",
    ];
    let arguments: Vec<_> = options.iter().map(AsRef::as_ref).chain([pgdata]).collect();
    owner.run(&programs.path("initdb"), &arguments)?;
    // If another process was faster, its template is the same.
    let copy = template.with_extension(format!("{:08x}", rand::random::<u32>()));
    run(Command::new("cp").arg("-R").arg(&data).arg(&copy))?;
    if fs::rename(&copy, &template).is_err() {
        run(Command::new("rm").arg("-rf").arg(&copy))?;
    }
    Ok(template)
}

/// The path of the template, which is different for each version of PostgreSQL.
fn template_path(programs: &Programs) -> Result<PathBuf, PostgresError> {
    let error = |source| PostgresError::Folder {
        path: programs.path("postgres"),
        source,
    };
    let program = fs::canonicalize(programs.path("postgres")).map_err(error)?;
    let changed = fs::metadata(&program).and_then(|data| data.modified());
    let seconds = changed
        .map_err(error)?
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let own = std::env::current_exe().map_err(error)?;
    Ok(own.with_file_name(format!("postgres-cluster-{seconds}")))
}

/// Makes a temporary folder, and returns it with the path for the cluster in it.
pub(super) fn new_folder() -> Result<(TempDir, PathBuf), PostgresError> {
    let folder = tempfile::Builder::new().prefix("hubsync-postgres-").tempdir();
    let folder = folder.map_err(|source| PostgresError::Folder {
        path: std::env::temp_dir(),
        source,
    })?;
    let data = folder.path().join("data");
    Ok((folder, data))
}
