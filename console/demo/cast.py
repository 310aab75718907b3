"""Who the demo's story is about: invented companies, people's names, titles and what they do."""

from __future__ import annotations

from typing import Final, NamedTuple

DECISION_MAKER: Final = "Decision Maker"
INFLUENCER: Final = "Influencer"
PRACTITIONER: Final = "Practitioner"
STEERING: Final = "Executive Steering Committee"

SEATS: Final = (DECISION_MAKER, INFLUENCER, PRACTITIONER, PRACTITIONER, STEERING)
"""What a complete group takes, of either template in the definitions file."""

SHORT_ROLES: Final = {
    DECISION_MAKER: "DM",
    INFLUENCER: "Inf",
    PRACTITIONER: "Prac",
    STEERING: "ESC",
}
"""Column heads. Other roles share a column."""

CRM: Final = "crm-suite"
DATA: Final = "data-platform"
"""The solution interests of the definitions file that the story is about."""

STAGES: Final = ("Identified", "Engaged", "Evaluating")
STAGE_LOST: Final = "Lost"
STAGE_TOO_FAR: Final = "Won"
"""Stages of the CRM interest: the way that groups go, where one fell off, where one wants at once."""

FRESH_TITLE: Final = "CISO"
"""A title that no template mistakes: the promotion in the story."""


class Company(NamedTuple):
    """A company as its account record has it."""

    account_id: str
    name: str
    industry: str
    region: str
    tier: str | None = None


COMPANIES: Final = (
    Company("alder-ridge", "Alder Ridge Bank", "Banking", "EMEA"),
    Company("bluewater", "Bluewater Freight", "Logistics", "EMEA", "strategic"),
    Company("dovetail", "Dovetail Mutual", "Insurance", "AMER"),
    Company("granite-peak", "Granite Peak Tel", "Telecommunications", "AMER"),
    Company("kestrel", "Kestrel Airways", "Travel", "EMEA"),
    Company("jasper-lane", "Jasper Lane", "Retail", "APAC"),
    Company("cobalt", "Cobalt Foods", "Food", "AMER"),
    Company("elmstead", "Elmstead Energy", "Utilities", "EMEA"),
    Company("fairhaven", "Fairhaven Clinics", "Healthcare", "AMER"),
    Company("harrowgate", "Harrowgate Steel", "Manufacturing", "EMEA"),
)
"""None of them exists."""

NAMES: Final = {company.account_id: company.name for company in COMPANIES}

TITLES: Final = {
    DECISION_MAKER: ("CIO", "VP Security", "Chief Digital Officer", "VP Technology"),
    INFLUENCER: ("Enterprise Architect", "Head of Risk", "Principal Engineer", "IT Director"),
    PRACTITIONER: ("Security Analyst", "SRE Lead", "Data Engineer", "SOC Manager", "Cloud Engineer"),
    STEERING: ("CFO", "COO", "Chief of Staff", "General Counsel"),
}
"""Titles by the role that takes them."""

OUTSIDERS: Final = ("Procurement Officer", "Auditor", "Controller", "Program Officer", "Consultant")
"""Titles that no role takes."""

FIRST_NAMES: Final = (
    *("Ana", "Bilal", "Carmen", "Daniel", "Elif", "Femi", "Greta", "Hiro", "Ines", "Jonas"),
    *("Keiko", "Liam", "Maya", "Nadia", "Oscar", "Priya", "Quinn", "Rosa", "Samir", "Tessa"),
    *("Uma", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoe", "Anders", "Bianca", "Chidi", "Dalia"),
    *("Emil", "Farah", "Goran", "Helena", "Ivan", "Jana", "Kofi", "Lucia", "Marek", "Noor"),
)

LAST_NAMES: Final = (
    *("Ruiz", "Okafor", "Lindgren", "Tanaka", "Novak", "Silva", "Haddad", "Keller", "Moreau"),
    *("Petrov", "Sharma", "Weber", "Costa", "Dubois", "Eriksen", "Farrell", "Grant", "Horvat"),
    *("Iyer", "Jensen", "Kim", "Larsen", "Mensah", "Nguyen", "Ortega", "Park", "Quist", "Rossi"),
    *("Santos", "Toth", "Ueda", "Vargas", "Walsh", "Xu", "Yilmaz", "Zeman", "Adeyemi", "Brandt"),
)

EDITORS: Final = ("maria.keller", "tom.adeyemi")
"""The salespeople who edit by hand."""

PAGE_VIEW: Final = "web.webpagedetails.pageViews"
EMAIL_CLICK: Final = "directMarketing.emailClicked"
FORM: Final = "web.formFilledOut"
EVENT: Final = "event.attended"
REGISTRATION: Final = "event.registered"

EVERYDAY: Final = (
    PAGE_VIEW,
    PAGE_VIEW,
    PAGE_VIEW,
    "web.webinteraction.linkClicks",
    "directMarketing.emailOpened",
    "directMarketing.emailOpened",
    EMAIL_CLICK,
)
"""Activity of any day, by how often it comes."""

SPECIAL: Final = (FORM, REGISTRATION, EVENT, "leadOperation.interestingMoment")
"""What a burst may end with."""
