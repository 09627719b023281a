"""A follower is what its page says, however it is worked out."""

import torch

from adaptlearn.agents.follower import NEAR, Follower
from adaptlearn.agents.pairs import PLAIN, design
from adaptlearn.agents.rules import LAST
from adaptlearn.envs.registry import rules


def test_a_follower_scores_by_the_formula_it_states():
    """w . x + u . y + v . tanh(X x + L see + R read), and nothing now far below."""
    world, dice = rules("tiny-v1").world, torch.Generator().manual_seed(0)
    net, catalogue = Follower.for_world(world, seed=1), torch.from_numpy(world.features.copy())
    view, x = (
        torch.randn(5, *rest, generator=dice) for rest in (net.see.weight.shape[1:], (len(catalogue), len(NEAR)))
    )
    shelf_ = net.guide.pairs.sight.shelf(catalogue)
    y = torch.cat([design(shelf_)[name] for name in PLAIN]).T
    read = net.of_activity(torch.cat([catalogue * net.scale, y], 1))
    met = torch.tanh(net.of_pair(x) + net.of_learner(torch.tanh(net.see(view)))[:, None] + read)
    wanted = x @ net.weights + y @ net.plain_weights + net.judge(met)[:, :, 0] - LAST * shelf_.column["rest"]
    torch.testing.assert_close(net.scores(view, catalogue, x), wanted, rtol=1e-5, atol=1e-5)
