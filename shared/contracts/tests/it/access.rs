//! The READMEs list the subjects for which a service needs permissions.

use contracts::access::{API_GATEWAY, HUBSPOT, ServiceAccess, USER};

#[test]
fn the_readme_of_each_service_lists_its_subjects() {
    for (access, readme) in [
        (
            API_GATEWAY,
            include_str!("../../../../services/api-gateway/README.md"),
        ),
        (USER, include_str!("../../../../services/user/README.md")),
        (HUBSPOT, include_str!("../../../../services/hubspot/README.md")),
    ] {
        for subject in subjects(access) {
            let title = readme.lines().next().unwrap_or_default();
            assert!(
                readme.contains(&format!("`{subject}`")),
                "{title} lacks {subject}"
            );
        }
    }
}

fn subjects(access: ServiceAccess) -> impl Iterator<Item = &'static str> {
    let requests = access.requests().chain(access.answers());
    requests.chain(access.publishes()).chain(access.listens())
}
