//! HubSpot's own contact properties. Of the more than 350 of an account, the sandbox has those that applications write,
//! and those that HubSpot derives.

use super::{
    custom::options,
    definition::{FieldType, ModificationMetadata, PropertyDefinition, PropertyType},
};

/// Text properties: name, label and control. Some, such as `annualrevenue` and `date_of_birth`, are texts although their
/// names suggest another type.
const TEXTS: [(&str, &str, FieldType); 36] = [
    ("email", "Email", FieldType::Text),
    ("firstname", "First Name", FieldType::Text),
    ("lastname", "Last Name", FieldType::Text),
    ("phone", "Phone Number", FieldType::PhoneNumber),
    ("mobilephone", "Mobile Phone Number", FieldType::PhoneNumber),
    ("company", "Company Name", FieldType::Text),
    ("jobtitle", "Job Title", FieldType::Text),
    ("job_function", "Job function", FieldType::Text),
    ("seniority", "Seniority", FieldType::Text),
    ("website", "Website URL", FieldType::Text),
    ("address", "Street Address", FieldType::Text),
    ("city", "City", FieldType::Text),
    ("state", "State/Region", FieldType::Text),
    ("zip", "Postal Code", FieldType::Text),
    ("country", "Country/Region", FieldType::Text),
    ("salutation", "Salutation", FieldType::Text),
    ("fax", "Fax Number", FieldType::Text),
    ("message", "Message", FieldType::Textarea),
    ("industry", "Industry", FieldType::Text),
    ("annualrevenue", "Annual Revenue", FieldType::Text),
    ("company_size", "Company size", FieldType::Text),
    ("start_date", "Start Date", FieldType::Text),
    ("date_of_birth", "Date of birth", FieldType::Text),
    ("graduation_date", "Graduation date", FieldType::Text),
    ("gender", "Gender", FieldType::Text),
    ("marital_status", "Marital Status", FieldType::Text),
    ("military_status", "Military status", FieldType::Text),
    ("relationship_status", "Relationship Status", FieldType::Text),
    ("degree", "Degree", FieldType::Text),
    ("field_of_study", "Field of study", FieldType::Text),
    ("school", "School", FieldType::Text),
    ("twitterhandle", "Twitter Username", FieldType::Text),
    ("hs_linkedin_url", "LinkedIn URL", FieldType::Text),
    ("work_email", "Work email", FieldType::Text),
    ("hs_ip_timezone", "IP Timezone", FieldType::Text),
    ("ip_city", "IP City", FieldType::Text),
];

/// The stages in their order. A write moves a contact only forward.
const LIFECYCLE_STAGES: [(&str, &str); 8] = [
    ("subscriber", "Subscriber"),
    ("lead", "Lead"),
    ("marketingqualifiedlead", "Marketing Qualified Lead"),
    ("salesqualifiedlead", "Sales Qualified Lead"),
    ("opportunity", "Opportunity"),
    ("customer", "Customer"),
    ("evangelist", "Evangelist"),
    ("other", "Other"),
];

const LEAD_STATUSES: [(&str, &str); 8] = [
    ("NEW", "New"),
    ("OPEN", "Open"),
    ("IN_PROGRESS", "In Progress"),
    ("OPEN_DEAL", "Open Deal"),
    ("UNQUALIFIED", "Unqualified"),
    ("ATTEMPTED_TO_CONTACT", "Attempted to Contact"),
    ("CONNECTED", "Connected"),
    ("BAD_TIMING", "Bad Timing"),
];

const BUYING_ROLES: [(&str, &str); 6] = [
    ("BLOCKER", "Blocker"),
    ("BUDGET_HOLDER", "Budget Holder"),
    ("CHAMPION", "Champion"),
    ("DECISION_MAKER", "Decision Maker"),
    ("END_USER", "End User"),
    ("INFLUENCER", "Influencer"),
];

const NUMBERS_OF_EMPLOYEES: [(&str, &str); 7] = [
    ("1-5", "1-5"),
    ("5-25", "5-25"),
    ("25-50", "25-50"),
    ("50-100", "50-100"),
    ("100-500", "100-500"),
    ("500-1000", "500-1000"),
    ("1000+", "1000+"),
];

/// A part of HubSpot's languages.
const LANGUAGES: [(&str, &str); 20] = [
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("de-at", "German - Austria"),
    ("de-ch", "German - Switzerland"),
    ("en", "English"),
    ("en-gb", "English - United Kingdom"),
    ("en-us", "English - United States"),
    ("es", "Spanish"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("nl", "Dutch"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("pt-br", "Portuguese - Brazil"),
    ("sv", "Swedish"),
    ("zh-cn", "Chinese - China"),
];

/// A part of HubSpot's time zones.
const TIME_ZONES: [(&str, &str); 8] = [
    ("america_slash_chicago", "America/Chicago"),
    ("america_slash_los_angeles", "America/Los Angeles"),
    ("america_slash_new_york", "America/New York"),
    ("asia_slash_tokyo", "Asia/Tokyo"),
    ("australia_slash_sydney", "Australia/Sydney"),
    ("europe_slash_berlin", "Europe/Berlin"),
    ("europe_slash_london", "Europe/London"),
    ("utc", "UTC"),
];

/// Properties that HubSpot derives: name, label, type and control.
const DERIVED: [(&str, &str, PropertyType, FieldType); 9] = [
    (
        "hs_object_id",
        "Record ID",
        PropertyType::Number,
        FieldType::Number,
    ),
    (
        "createdate",
        "Create Date",
        PropertyType::DateTime,
        FieldType::Date,
    ),
    (
        "lastmodifieddate",
        "Last Modified Date",
        PropertyType::DateTime,
        FieldType::Date,
    ),
    (
        "hs_object_source",
        "Record source detail",
        PropertyType::String,
        FieldType::Text,
    ),
    (
        "hs_object_source_label",
        "Record source",
        PropertyType::String,
        FieldType::Text,
    ),
    (
        "hs_email_domain",
        "Email Domain",
        PropertyType::String,
        FieldType::Text,
    ),
    (
        "hs_additional_emails",
        "Additional email addresses",
        PropertyType::Enumeration,
        FieldType::Checkbox,
    ),
    (
        "hs_merged_object_ids",
        "Merged record IDs",
        PropertyType::Enumeration,
        FieldType::Checkbox,
    ),
    (
        "num_associated_deals",
        "Number of Associated Deals",
        PropertyType::Number,
        FieldType::CalculationRollup,
    ),
];

/// Every property of HubSpot's own.
pub(crate) fn hubspot_defined() -> impl Iterator<Item = PropertyDefinition> {
    let texts = TEXTS
        .iter()
        .map(|(name, label, field_type)| own(name, label, PropertyType::String, *field_type));
    texts.chain(typed()).chain(derived())
}

fn own(name: &str, label: &str, property_type: PropertyType, field_type: FieldType) -> PropertyDefinition {
    let mut definition = PropertyDefinition::custom(name, property_type, field_type);
    label.clone_into(&mut definition.label);
    definition.hubspot_defined = true;
    definition.form_field = true;
    definition.modification_metadata = ModificationMetadata {
        archivable: false,
        read_only_definition: true,
        read_only_value: false,
        read_only_options: true,
    };
    definition
}

/// The properties that callers can write and whose values are not any text.
fn typed() -> Vec<PropertyDefinition> {
    let choice = |name, label, field_type, values: &[(&str, &str)]| {
        let mut definition = own(name, label, PropertyType::Enumeration, field_type);
        definition.options = options(values.iter().copied());
        definition
    };
    let mut lead_status = choice("hs_lead_status", "Lead Status", FieldType::Radio, &LEAD_STATUSES);
    // An account may have lead statuses of its own.
    lead_status.modification_metadata.read_only_options = false;
    let mut owner = own(
        "hubspot_owner_id",
        "Contact owner",
        PropertyType::Enumeration,
        FieldType::Select,
    );
    owner.external_options = true;
    owner.referenced_object_type = Some("OWNER".to_owned());
    let mut until_renewal = own(
        "hs_marketable_until_renewal",
        "Marketing contact until next update",
        PropertyType::Bool,
        FieldType::BooleanCheckbox,
    );
    until_renewal.options = options([("true", "Yes"), ("false", "No")]);
    vec![
        choice(
            "lifecyclestage",
            "Lifecycle Stage",
            FieldType::Radio,
            &LIFECYCLE_STAGES,
        ),
        lead_status,
        choice(
            "hs_buying_role",
            "Buying Role",
            FieldType::Checkbox,
            &BUYING_ROLES,
        ),
        choice(
            "numemployees",
            "Number of Employees",
            FieldType::Select,
            &NUMBERS_OF_EMPLOYEES,
        ),
        choice("hs_language", "Preferred language", FieldType::Select, &LANGUAGES),
        choice("hs_timezone", "Time Zone", FieldType::Select, &TIME_ZONES),
        owner,
        own("closedate", "Close Date", PropertyType::DateTime, FieldType::Date),
        until_renewal,
    ]
}

fn derived() -> impl Iterator<Item = PropertyDefinition> {
    DERIVED.iter().map(|(name, label, property_type, field_type)| {
        let mut definition = own(name, label, *property_type, *field_type);
        definition.form_field = false;
        definition.modification_metadata.read_only_value = true;
        definition.calculated = *name == "hs_additional_emails";
        definition
    })
}
