"""The pollutants that the air-quality grids hold. Cheap to import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pollutant:
    """A pollutant, as written for people (``label``) and in files (``name``)."""

    name: str
    label: str


POLLUTANTS = {
    pollutant.name: pollutant
    for pollutant in (
        Pollutant("pm25", "PM2.5"),
        Pollutant("pm10", "PM10"),
        Pollutant("no2", "NO2"),
        Pollutant("nox", "NOx (as NO2)"),
    )
}
