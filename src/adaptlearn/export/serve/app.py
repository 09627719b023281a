"""The application: one store, one desk, and doors that others may add to.

app = create_app(Settings(database="sqlite:///learners.db"))
app = create_app(settings, routers=[pages.router])      # pages, replay, erase: each in a file of its own
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from . import duties, explaining, leaving, pages, refusals, routes, statements
from .desk import Desk
from .keys import Keys
from .limits import Limited
from .metrics import Meters
from .policies import Policies
from .settings import Settings
from .store import Store
from .swift import doors_of

ABOUT = """What to offer a learner next, with its chance and its reason; nothing acknowledged is ever lost.

Every door but `/health` and `/ready` asks for a key. A key belongs to one tenant and opens what its scopes say."""


def create_app(settings: Settings, routers: Sequence[APIRouter] = ()) -> FastAPI:
    """A service over a store that has a champion.

    Raises:
        Refused: a store of another version, or without a champion.
    """
    store = Store(settings.database)
    leaving.finish(store)
    policies, meters = Policies(store, settings.seed), Meters()
    desk = Desk(store, policies, settings, meters.batch)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        desk.open()
        yield
        desk.close()
        store.close()

    app = FastAPI(
        title="adaptlearn", version="1", description=ABOUT, lifespan=life, separate_input_output_schemas=False
    )
    app.state.store, app.state.desk, app.state.keys = store, desk, Keys(store)
    app.state.settings, app.state.policies, app.state.meters = settings, policies, meters
    refusals.install(app)
    ours = (routes.router, statements.router, explaining.router, duties.router, pages.router)
    for router in (*ours, *routers):
        app.include_router(router)
    app.add_middleware(Limited, settings=settings, meters=meters, doors=doors_of((*ours, *routers)))
    return app
