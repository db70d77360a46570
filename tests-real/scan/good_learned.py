"""Benign models as scikit-learn, joblib, skops, LightGBM, XGBoost and dill write them, fitted on a few numbers.

Never here: arrays and tables (`good_plain.py`), formats that are no pickles (`good_shapes.py`).
To add an estimator: its name in `ESTIMATORS`, or a row in `composed`.
"""

import collections
import io
import itertools
import pickle
import warnings

import cloudpickle
import dill
import joblib
import lightgbm
import numpy as np
import sklearn
import skops.io
import xgboost
from sklearn.utils import all_estimators

from scan.case import Case
from scan.good_plain import good

#: Fitted each by its own name; what is in between is scikit-learn's own list.
ESTIMATORS = """
AdaBoostClassifier BaggingClassifier BayesianRidge BernoulliNB Birch CalibratedClassifierCV DBSCAN DecisionTreeClassifier
DecisionTreeRegressor DictVectorizer ElasticNet ExtraTreesClassifier FunctionTransformer GaussianMixture GaussianNB
GaussianProcessRegressor GradientBoostingClassifier HistGradientBoostingClassifier HistGradientBoostingRegressor IsolationForest
IsotonicRegression KBinsDiscretizer KMeans KNeighborsClassifier KernelPCA LabelEncoder Lasso LinearDiscriminantAnalysis
LinearRegression LinearSVC LocalOutlierFactor LogisticRegression MLPClassifier MinMaxScaler MultinomialNB NMF NearestNeighbors
OneClassSVM OneHotEncoder OrdinalEncoder PCA PolynomialFeatures QuantileTransformer RandomForestClassifier RandomForestRegressor
Ridge RobustScaler SGDClassifier SVC SVR SimpleImputer StandardScaler TruncatedSVD
""".split()
PACKINGS = (0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3))


def cases(seed: int) -> list[Case]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = learned(seed)
        made = []
        protocols = itertools.cycle([2, 3, 4, 5])
        for name, model in fitted.items():
            made.append(good("scikit-learn by pickle", f"{name}.pkl", pickle.dumps(model, next(protocols))))
        return [*made, *by_joblib(fitted), *by_skops(fitted), *boosted(seed), *by_others(seed)]


def learned(seed: int) -> dict[str, object]:
    chance = np.random.default_rng(seed)
    x = chance.random((60, 4))
    y = (x[:, 0] + x[:, 1] > 1).astype(int)
    known = dict(all_estimators())
    fitted = {}
    for name in ESTIMATORS:
        model = known[name]()
        if name == "DictVectorizer":
            model.fit([{"a": 1, "b": "x"}, {"a": 2}])
        elif name == "LabelEncoder":
            model.fit(["a", "b", "a"])
        elif name == "IsotonicRegression":
            model.fit(x[:, 0], y)
        else:
            if name == "FunctionTransformer":
                model.set_params(func=np.log1p, inverse_func=np.expm1)
            model.fit(x, y)
        fitted[name] = model
    return fitted | composed(x, y)


def composed(x, y) -> dict[str, object]:
    from sklearn.compose import ColumnTransformer, make_column_selector
    from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score, make_scorer
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.pipeline import FeatureUnion, make_pipeline
    from sklearn.preprocessing import StandardScaler

    import pandas as pd

    texts = ["the cat sat", "the dog ran", "a cat ran off"] * 20
    table = pd.DataFrame(x, columns=list("abcd"))
    columns = ColumnTransformer([("numbers", StandardScaler(), make_column_selector(dtype_include=float))])
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1]}, cv=StratifiedKFold(3), scoring=make_scorer(f1_score))
    return {
        "pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(x, y),
        "columns": columns.fit(table),
        "search": search.fit(x, y),
        "text": make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, y),
        "counts": CountVectorizer(ngram_range=(1, 2)).fit(texts),
        "vote": VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(5))]).fit(x, y),
        "stack": StackingClassifier([("a", LogisticRegression())], cv=3).fit(x, y),
        "union": FeatureUnion([("a", StandardScaler())]).fit(x, y),
        "one-against-rest": OneVsRestClassifier(LogisticRegression()).fit(x, y),
    }


def by_joblib(fitted: dict[str, object]) -> list[Case]:
    made = []
    for (name, model), packing in zip(list(fitted.items())[::2], itertools.cycle(PACKINGS)):
        out = io.BytesIO()
        joblib.dump(model, out, compress=packing)
        word = packing[0] if packing else "raw"
        made.append(good("joblib", f"{name}-{word}.joblib", out.getvalue()))
    rows = {
        "arrays": [np.arange(1000.0), np.ones((3, 3)), "between", np.zeros(0)],
        "nothing-but-an-array": np.random.default_rng(1).random((50, 50)),
        "array-of-text": {"words": np.array(["a", None], dtype=object)},
        "fortran": np.asfortranarray(np.ones((4, 6))),
        "dictionary": {"model": fitted["Ridge"], "features": ["a", "b"], "trained": "2026-11-22"},
    }
    for name, value in rows.items():
        out = io.BytesIO()
        joblib.dump(value, out)
        made.append(good("joblib", f"{name}.joblib", out.getvalue()))
    return made


def by_skops(fitted: dict[str, object]) -> list[Case]:
    names = ["LogisticRegression", "RandomForestClassifier", "pipeline", "StandardScaler", "columns", "SVC", "PCA", "KMeans", "GradientBoostingClassifier"]
    return [good("skops files", f"{name}.skops", skops.io.dumps(fitted[name])) for name in names]


def boosted(seed: int) -> list[Case]:
    chance = np.random.default_rng(seed)
    x = chance.random((80, 4))
    y = (x[:, 0] > 0.5).astype(int)
    light = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(x, y)
    extreme = xgboost.XGBClassifier(n_estimators=5).fit(x, y)
    booster = extreme.get_booster()
    out = io.BytesIO()
    joblib.dump(light, out)
    return [
        good("boosted trees", "lightgbm.pkl", pickle.dumps(light)),
        good("boosted trees", "lightgbm.joblib", out.getvalue()),
        good("boosted trees", "lightgbm-booster.pkl", pickle.dumps(light.booster_, 2)),
        good("boosted trees", "xgboost.pkl", pickle.dumps(extreme)),
        good("boosted trees", "xgboost-booster.pkl", pickle.dumps(booster, 4)),
    ]


def by_others(seed: int) -> list[Case]:
    """dill and cloudpickle of what holds no code."""
    value = {"weights": np.random.default_rng(seed).random(20), "names": collections.OrderedDict(a=1), "model": sklearn.linear_model.Ridge()}
    return [
        good("dill and cloudpickle", "data.dill", dill.dumps(value)),
        good("dill and cloudpickle", "data-2.dill", dill.dumps(value, protocol=2)),
        good("dill and cloudpickle", "data.cloudpickle", cloudpickle.dumps(value)),
        good("dill and cloudpickle", "types.dill", dill.dumps({"kinds": [int, float, dict], "path": "a/b"})),
        good("dill and cloudpickle", "library-function.cloudpickle", cloudpickle.dumps({"metric": np.mean})),
    ]
