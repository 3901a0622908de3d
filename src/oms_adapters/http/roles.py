"""Roles of aftersales: named by the merchant, for limits of what somebody may give."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.params import FromPath, JSONBody

from oms_adapters.http.auth import needs
from oms_adapters.http.bodies import Body
from oms_adapters.http.doings import Name
from oms_adapters.http.views import Given, View
from oms_app.access import AccessService, PutRole, ReadRoles, RetireRole, Role
from oms_app.actor import Actor


class RoleBody(Body):
    """What a role is called."""

    title: Name


class RoleView(View):
    """A role (角色). Retired: who has it keeps it, nobody new gets it."""

    code: str
    title: str
    is_retired: bool

    @classmethod
    def of(cls, role: Role) -> RoleView:
        return cls(code=role.code, title=role.title, is_retired=role.is_retired)


class RolesView(View):
    """All roles, the built-in ones first."""

    items: list[RoleView]


class RolesController(Controller):
    """Roles. Which limits each has stands in the shops' terms; a key gets its role when it is made."""

    path = "/aftersales/roles"
    tags = ("Aftersales",)

    @get("/", operation_id="listRoles", opt=needs(ReadRoles.permission), sync_to_thread=True)
    def roles(self, actor: Given[Actor], access: Given[AccessService]) -> RolesView:
        """List the roles."""
        return RolesView(items=[RoleView.of(role) for role in access.roles(ReadRoles(by=actor))])

    @post(
        "/{code:str}",
        operation_id="putRole",
        opt=needs(PutRole.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def put(
        self, code: FromPath[str], data: JSONBody[RoleBody], actor: Given[Actor], access: Given[AccessService]
    ) -> RoleView:
        """Name a role, or name it otherwise (设置角色); needs a key for all shops."""
        return RoleView.of(access.put_role(PutRole(code=code, title=data.title, by=actor)))

    @post(
        "/{code:str}/retirement",
        operation_id="retireRole",
        opt=needs(RetireRole.permission, changes=True),
        status_code=200,
        sync_to_thread=True,
    )
    def retire(self, code: FromPath[str], actor: Given[Actor], access: Given[AccessService]) -> RoleView:
        """Give a role to nobody any more (停用角色); who has it keeps it."""
        return RoleView.of(access.retire_role(RetireRole(code=code, by=actor)))
