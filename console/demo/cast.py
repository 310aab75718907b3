"""Who the demo's story is about: invented companies, people's names, titles, roles and interests."""

from __future__ import annotations

from typing import Final

from schemas.inputs import Role, RoleTemplate

DECISION_MAKER: Final = "Decision Maker"
INFLUENCER: Final = "Influencer"
PRACTITIONER: Final = "Practitioner"
STEERING: Final = "Executive Steering Committee"

TEMPLATE: Final = RoleTemplate(
    id="template-enterprise",
    version=1,
    name="Enterprise buying group",
    roles=[
        Role(role=DECISION_MAKER, weighting="Vital"),
        Role(role=INFLUENCER, weighting="Important"),
        Role(role=PRACTITIONER, weighting="Normal", members_required=2),
        Role(role=STEERING, weighting="Minor"),
    ],
)

SEATS: Final = (DECISION_MAKER, INFLUENCER, PRACTITIONER, PRACTITIONER, STEERING)
"""What a complete group of the template takes."""

SHORT_ROLES: Final = {
    DECISION_MAKER: "DM",
    INFLUENCER: "Inf",
    PRACTITIONER: "Prac",
    STEERING: "ESC",
}
"""Column heads for narrow screens."""

INTERESTS: Final = {"threat-detection": "Threat Detection", "data-platform": "Data Platform"}

COMPANIES: Final = (
    ("alder-ridge", "Alder Ridge Bank", "Banking", "EMEA"),
    ("bluewater", "Bluewater Freight", "Logistics", "EMEA"),
    ("cobalt", "Cobalt Foods", "Food", "AMER"),
    ("dovetail", "Dovetail Mutual", "Insurance", "AMER"),
    ("elmstead", "Elmstead Energy", "Utilities", "EMEA"),
    ("fairhaven", "Fairhaven Clinics", "Healthcare", "AMER"),
    ("granite-peak", "Granite Peak Tel", "Telecommunications", "AMER"),
    ("harrowgate", "Harrowgate Steel", "Manufacturing", "EMEA"),
    ("ironbridge", "Ironbridge Rail", "Transport", "EMEA"),
    ("jasper-lane", "Jasper Lane", "Retail", "APAC"),
    ("kestrel", "Kestrel Airways", "Travel", "APAC"),
    ("larkspur", "Larkspur Pharma", "Pharmaceuticals", "AMER"),
)
"""Account id, name, industry, region. None of them exists."""

TITLES: Final = {
    DECISION_MAKER: ("CISO", "VP Security", "Chief Digital Officer", "VP Technology"),
    INFLUENCER: ("Enterprise Architect", "Head of Risk", "Principal Engineer", "IT Director"),
    PRACTITIONER: ("Security Analyst", "SRE Lead", "Data Engineer", "SOC Manager", "Cloud Engineer"),
    STEERING: ("CFO", "COO", "Chief of Staff", "General Counsel"),
}

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

EVERYDAY: Final = (
    "web.webpagedetails.pageViews",
    "web.webpagedetails.pageViews",
    "web.webpagedetails.pageViews",
    "web.webinteraction.linkClicks",
    "directMarketing.emailOpened",
    "directMarketing.emailOpened",
    "directMarketing.emailClicked",
)
"""Activity of any day, by how often it comes."""

SPECIAL: Final = (
    "web.formFilledOut",
    "event.registered",
    "event.attended",
    "leadOperation.interestingMoment",
)
"""What a burst may end with."""
