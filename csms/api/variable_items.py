"""The name of a variable, as requests and answers write it."""

from pydantic import Field

from csms.api.bodies import RequestBody
from csms.domain.station import VariableKey


class VariableName(RequestBody):
    """A variable of a station's device model."""

    component: str = Field(min_length=1, max_length=50, examples=["EVSE"])
    variable: str = Field(min_length=1, max_length=50, examples=["Power"])
    component_instance: str = Field("", max_length=50)
    variable_instance: str = Field("", max_length=50)
    evse: int = Field(0, ge=0, description="0 for the station.")
    connector: int = Field(0, ge=0, description="0 for none.")

    def key(self) -> VariableKey:
        """Return what it names."""
        return VariableKey(
            self.component,
            self.variable,
            self.component_instance,
            self.variable_instance,
            self.evse,
            self.connector,
        )


class ComponentOrVariable(VariableName):
    """A component with all its variables, or one variable of it."""

    variable: str = Field("", max_length=50, description="Empty for all of them.")


def variable_name(key: VariableKey) -> VariableName:
    """Return the name of a variable; whatever a station called it."""
    return VariableName.model_construct(
        component=key.component,
        variable=key.variable,
        component_instance=key.component_instance,
        variable_instance=key.variable_instance,
        evse=key.evse,
        connector=key.connector,
    )
