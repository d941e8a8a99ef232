"""Names of columns, each with its unit, in one place.

A column that is written to a file or handed from one room to another is named here; a column
with a unit carries it in its name.
"""

from __future__ import annotations

# --- Codes and names of areas ---
SMALL_AREA_CODE = "small_area_code"
LATER_SMALL_AREA_CODE = "later_small_area_code"
SMALL_AREA_NAME = "small_area_name"
DISTRICT_CODE = "district_code"
DISTRICT_NAME = "district_name"
PUBLISHED_DISTRICT_CODE = "published_district_code"
AUTHORITY_CODE = "authority_code"
AUTHORITY_NAME = "authority_name"
REGION_CODE = "region_code"
REGION_NAME = "region_name"
WHOLE_REGION = "whole_region"
AREA_CODE = "area_code"
AREA_NAME = "area_name"
LEVEL = "level"
ALL_ENGLAND = "all_england"
OTHER_AREA_CODE = "other_area_code"
FAULT = "fault"
FAULT_AREA_M2 = "fault_area_m2"
GEOMETRY = "geometry"

# --- Places of one's own ---
PLACE_SET = "place_set"
PLACE_CODE = "place_code"
PLACE_NAME = "place_name"
PART_CODE = "part_code"
PART_SHARE = "part_share"
ASSIGNED_BY = "assigned_by"
GROUND_SHARE = "ground_share"

# --- People and deaths ---
FIRST_YEAR = "first_year"
YEAR = "year"
SEX = "sex"
AGE_FROM = "age_from"
AGE_TO = "age_to"
PEOPLE = "people"
CAUSE_ICD10 = "cause_icd10"
DEATHS = "deaths"
PEOPLE_ASKED = "people_asked"
PEOPLE_GOOD_HEALTH = "people_good_health"

# --- Environment ---
PM25_UGM3 = "pm25_ugm3"
EASTING_M = "easting_m"
NORTHING_M = "northing_m"
SITE_ID = "site_id"
SITE_FUNCTION = "site_function"
SITE_NAME = "site_name"
SITE_AREA_M2 = "site_area_m2"
ACCESS_POINT_ID = "access_point_id"
ACCESS_TYPE = "access_type"
ZONE_AREA_M2 = "zone_area_m2"
GREENSPACE_AREA_M2 = "greenspace_area_m2"
GREEN_AREA_M2 = "green_area_m2"
WITH_DATA_AREA_M2 = "with_data_area_m2"
NDVI = "ndvi"
NODE_ID = "node_id"
LINK_ID = "link_id"
START_NODE_ID = "start_node_id"
END_NODE_ID = "end_node_id"
LENGTH_M = "length_m"
MIN_AREA_HA = "min_area_ha"
DISTANCE_M = "distance_m"
SITES_KNOWN = "sites_known"

# --- Deprivation ---
DEPRIVATION_RANK = "deprivation_rank"
DEPRIVATION_DECILE = "deprivation_decile"

# --- The long table of results ---
METRIC = "metric"
AGE = "age"
VALUE = "value"
LOWER = "lower"
UPPER = "upper"
UNIT = "unit"
STATISTIC = "statistic"
METHOD = "method"
CONFIDENCE = "confidence"
NUMERATOR = "numerator"
DENOMINATOR = "denominator"
COVERED_SHARE = "covered_share"
ESTIMATED_SHARE = "estimated_share"
NOTE = "note"
