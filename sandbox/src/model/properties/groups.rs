//! The groups in which people see properties.

use serde::{Deserialize, Serialize};

use super::definition::no_display_order;

/// The group of most properties.
pub(crate) const CONTACT_INFORMATION: &str = "contactinformation";

/// The groups that every account has, with their labels.
const HUBSPOT_DEFINED: [(&str, &str); 6] = [
    (CONTACT_INFORMATION, "Contact information"),
    ("emailinformation", "Email information"),
    ("contact_activity", "Contact activity"),
    ("conversioninformation", "Conversion information"),
    ("analyticsinformation", "Web analytics history"),
    ("socialmediainformation", "Social media information"),
];

/// A group of properties.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PropertyGroup {
    pub(crate) name: String,
    pub(crate) label: String,
    #[serde(default = "no_display_order")]
    pub(crate) display_order: i64,
}

/// The groups that every account has.
pub(crate) fn hubspot_defined() -> impl Iterator<Item = PropertyGroup> {
    HUBSPOT_DEFINED.into_iter().map(|(name, label)| PropertyGroup {
        name: name.to_owned(),
        label: label.to_owned(),
        display_order: no_display_order(),
    })
}
