"""The figures of the published pilot plan, as they stand there."""

PLAN = {
    "irradiation": 4629.92, "pv_modules": 681_900, "pv_module_wp": 440, "pv_string": 20, "pv_areas": 6,
    "pv_units": 50, "pv_phase_one": 120, "pv_phases_two_three": 180, "pv_investment": 150_000,
    "pv_energy": 280,
    "roof_first": 18, "roof_second": 22, "roof": 40, "both_power": 340, "both_energy": 315,
    "coal_factor": 305.5, "coal_saved": 96_200, "co2_saved": 271_000, "wind_power": 9.6, "wind_energy": 15.0,
    "park_pv_power": 732.5, "park_pv_energy": 738.02, "electricity": 408_900, "electricity_2015": 260_200,
    "energy_all": 2_309_300, "co2_all": 5_027_300, "co2_electricity": 259_200, "target_2025": 340,
    "target_2030": 400, "storage_power": 50, "storage_energy": 100, "phase_power": 25, "phase_energy": 50,
    "transformer": 120, "storage_investment": 23_940, "large_power": 100, "large_energy": 200,
    "large_first_power": 51.75, "large_first_energy": 114, "large_second_power": 48.3,
    "large_second_energy": 106.4, "arbitrage": 7_728.19, "demand_response": 19_872, "absorption": 2_530.2,
    "revenue": 28_351.79, "project_irr": 0.0517, "project_payback": 12.31, "equity_irr": 0.122,
    "equity_payback": 6.27,
}  # fmt: skip
