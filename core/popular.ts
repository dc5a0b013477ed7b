/**
 * Names that many ask for, by manager: what somebody who waits for a slip of the finger imitates. Well-known ones of
 * PyPI and of npm, as of 2026; a name that is missing here is not warned of, and nothing else follows from it.
 */
import type { PackageManager } from './packages.ts';

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const popular: Readonly<Partial<Record<PackageManager, readonly string[]>>> = {
  pip: words(`
    aiohttp airflow alembic anyio asyncpg attrs azure-core beautifulsoup4 bcrypt black bokeh boto3 botocore celery certifi
    cffi charset-normalizer click cloudpickle colorama coverage cryptography cython dask datasets django
    djangorestframework dnspython docker docutils fastapi filelock flask fsspec gevent google-api-core google-auth greenlet
    grpcio gunicorn httpcore httptools httpx huggingface-hub hypothesis importlib-metadata ipython isort itsdangerous
    jinja2 jmespath joblib jsonschema jupyter jupyterlab keras kubernetes langchain lightgbm markdown markupsafe
    matplotlib mypy mysqlclient networkx nltk notebook numba numpy oauthlib openai opencv-python openpyxl orjson packaging
    pandas paramiko pillow plotly pluggy poetry protobuf psutil psycopg psycopg2 psycopg2-binary pyarrow pyasn1 pycparser
    pydantic pydantic-core pygments pyjwt pylint pymongo pymysql pyopenssl pyparsing pyspark pytest pytest-cov
    python-dateutil python-dotenv pytorch pytz pyyaml redis regex requests requests-oauthlib rsa ruff s3fs s3transfer
    scikit-learn scipy scrapy seaborn selenium sentry-sdk setuptools simplejson sniffio soupsieve spacy sphinx sqlalchemy
    starlette statsmodels streamlit sympy tensorboard tensorflow tokenizers torch torchvision tornado tqdm transformers
    twisted typer typing-extensions tzdata ujson urllib3 uvicorn uvloop virtualenv wandb websocket-client websockets
    werkzeug wheel wrapt xgboost xlrd zipp`),
  npm: words(`
    @angular/core @babel/core @nestjs/core @types/node ajv angular apollo-server async autoprefixer aws-sdk axios babel-cli
    bcrypt bluebird body-parser bootstrap browserify chalk cheerio chokidar classnames coffee-script colors commander
    concurrently cookie-parser core-js cors cross-env cross-spawn date-fns dayjs debug discord.js dotenv ejs electron
    enquirer esbuild eslint event-stream execa express express-session fastify firebase formik fs-extra glob graphql
    gulp handlebars helmet html-webpack-plugin http-proxy husky immutable inquirer jest jquery js-yaml jsdom jsonwebtoken
    knex koa leaflet lint-staged lodash luxon marked material-ui memoize minimatch minimist mkdirp mocha moment mongodb
    mongoose morgan multer mustache mysql mysql2 nanoid next nodemailer nodemon normalize.css npm-run-all nuxt nyc octokit
    openai passport pino pnpm postcss preact prettier prisma prop-types puppeteer ramda react react-dom react-router
    react-router-dom redis redux redux-thunk request rimraf rollup rxjs sass semver sequelize serverless sharp shelljs
    sinon socket.io socket.io-client sqlite3 storybook stripe styled-components supertest svelte tailwindcss terser three
    ts-node tslib typeorm typescript uglify-js underscore uuid validator vite vitest vue-router vuex webpack webpack-cli
    webpack-dev-server winston xml2js yargs zone.js`),
};
